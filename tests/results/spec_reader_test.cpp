#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "results/ledger_rows.h"
#include "results/sample_runs.h"

namespace promptbed {
namespace {

/// What is read of the settings of several runs, by one reader.
std::vector<RunSpec> read_all(const std::vector<RunSpec>& specs) {
  SpecReader reader;
  std::vector<RunSpec> read;
  for (const RunSpec& spec : specs) read.push_back(reader.read(spec.id(), spec.canonical().dump()));
  return read;
}

void expect_same(const std::vector<RunSpec>& specs) {
  const std::vector<RunSpec> read = read_all(specs);
  for (size_t i = 0; i < specs.size(); ++i)
    EXPECT_EQ(read[i].canonical().dump(), specs[i].canonical().dump()) << "run " << i;
}

RunSpec drawn(int64_t seed, std::map<std::string, std::string, std::less<>> images) {
  RunSpec spec = test::sample_spec("brands", seed);
  spec.images = std::move(images);
  return spec;
}

TEST(SpecReader, ReadsSeedsAndTheImagesThatTheyDraw) {
  expect_same({drawn(1, {{"test", "ab"}, {"train", "01"}, {"val", "02"}}),
               drawn(2, {{"test", "ab"}, {"train", "03"}, {"val", "04"}}),
               drawn(3, {{"test", "cd"}, {"train", "03"}, {"val", "04"}}), drawn(4, {{"test", "ab"}}),
               drawn(5, {}), drawn(6, {{"test", "ab"}, {"train", "05"}})});
}

TEST(SpecReader, IsNotMisledByOptions) {
  for (const char* name : {"seed", "train", "val", "zseed"}) {
    std::vector<RunSpec> specs;
    for (int64_t seed = 1; seed <= 3; ++seed) {
      specs.push_back(drawn(seed, {{"test", "ab"}}));
      specs.back().options[name] = std::to_string(seed);
      specs.push_back(specs.back());
      specs.back().options[name] = seed;
      specs.back().options["ctx_init"] = "\"train\":\"" + std::to_string(seed) + "\",\"seed\":7";
    }
    expect_same(specs);
  }
}

TEST(SpecReader, ReadsWhatHasToBeEscaped) {
  expect_same({drawn(1, {{"train", "a"}}), drawn(2, {{"train", "a\"b"}}), drawn(3, {{"train", "a\\b"}}),
               drawn(4, {{"train", "a\nb"}}), drawn(5, {{"train", "\\\""}})});
}

TEST(SpecReader, RefusesSettingsOfAnotherRun) {
  SpecReader reader;
  const RunSpec first = drawn(1, {{"train", "01"}}), second = drawn(2, {{"train", "02"}});
  reader.read(first.id(), first.canonical().dump());
  EXPECT_THROW(reader.read(first.id(), second.canonical().dump()), DamagedRow);
  EXPECT_THROW(reader.read(id_of_canonical("{\"seed\":1}"), "{\"seed\":1}"), DamagedRow);
  for (const auto& [old, forged] : {std::pair("\"seed\":1", "\"seed\":null"),
                                    {"\"seed\":1", "\"seed\":1e99"},
                                    {"\"train\":\"01\"", "\"train\":\"\xff\""}}) {
    std::string text = first.canonical().dump();
    text.replace(text.find(old), std::strlen(old), forged);
    EXPECT_THROW(reader.read(id_of_canonical(text), text), DamagedRow) << forged;
  }
}

}  // namespace
}  // namespace promptbed
