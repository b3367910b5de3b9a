#include "data/suites/suite.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

nlohmann::json dataset(const std::string& id) {
  return {{"id", id},
          {"title", "Title of " + id},
          {"folder", id},
          {"images", "images"},
          {"split", {{"kind", "zhou"}, {"file", "split.json"}}},
          {"template", "a photo of a {}."}};
}

/// A folder of one suite, "small", of the datasets "one" and "two".
class SuiteTest : public testing::Test {
 protected:
  SuiteTest() {
    write("suite", {{"id", "small"}, {"title", "A small suite"}, {"datasets", {"two", "one"}}});
    write("one", dataset("one"));
    write("two", dataset("two"));
  }

  void write(const std::string& name, const nlohmann::json& contents) {
    write_file(scratch_ / ("small/" + name + ".json"), contents.dump());
  }

  /// The suite with one value of dataset "one" changed.
  Suite read_with(const std::string& key, const nlohmann::json& value) {
    nlohmann::json changed = dataset("one");
    changed[key] = value;
    write("one", changed);
    return read_suite(scratch_.path(), "small");
  }

  test::ScratchFolder scratch_;
};

std::vector<std::string> ids_of(const std::vector<DatasetSpec>& specs) {
  std::vector<std::string> ids;
  for (const DatasetSpec& spec : specs) ids.push_back(spec.id);
  return ids;
}

TEST_F(SuiteTest, KeepsTheOrderOfItsList) {
  EXPECT_EQ(ids_of(read_suite(scratch_.path(), "small").datasets), (std::vector<std::string>{"two", "one"}));
}

TEST_F(SuiteTest, ReadsEveryFieldOfADataset) {
  nlohmann::json full = dataset("one");
  full["context_init"] = "an icon of a";
  full["renames"] = {{"faces", "face"}};
  full["citation"] = "Someone 2020";
  full["source"] = "https://example.org";
  full["split"]["made_from"] = "class_folders";
  full["split"]["left_out"] = {"clutter"};
  full["published"] = {{"classes", 2}, {"test", 10}};
  write("one", full);
  const DatasetSpec spec = read_suite(scratch_.path(), "small").at("one");
  EXPECT_EQ(spec.title, "Title of one");
  EXPECT_EQ(spec.folder, "one");
  EXPECT_EQ(spec.images, "images");
  EXPECT_EQ(spec.split.kind, SplitKind::zhou);
  EXPECT_EQ(spec.split.file, "split.json");
  EXPECT_EQ(spec.prompt_template, "a photo of a {}.");
  EXPECT_EQ(spec.context_init, "an icon of a");
  EXPECT_EQ(spec.renames.at("faces"), "face");
  EXPECT_EQ(spec.citation, "Someone 2020");
  EXPECT_EQ(spec.source, "https://example.org");
  EXPECT_EQ(spec.split.origin, SplitOrigin::class_folders);
  EXPECT_EQ(spec.split.left_out, (std::vector<std::string>{"clutter"}));
  EXPECT_EQ(spec.published.classes, 2);
  EXPECT_EQ(spec.published.train, std::nullopt);
  EXPECT_EQ(spec.published.test, 10);
}

TEST_F(SuiteTest, ContextWordsAreCoOpsByDefault) {
  EXPECT_EQ(read_suite(scratch_.path(), "small").at("two").context_init, "a photo of a");
}

TEST_F(SuiteTest, UnknownNamesListTheKnown) {
  const Suite suite = read_suite(scratch_.path(), "small");
  EXPECT_ERROR(suite.at("three"), "suite 'small' has no dataset 'three'; known: two, one");
  EXPECT_ERROR(read_suite(scratch_.path(), "big"), "has no suite 'big'; known: small");
  EXPECT_ERROR(read_suites(scratch_ / "none"), "none: is not a folder of suites");
}

TEST_F(SuiteTest, AFaultNamesTheFileTheKeyAndTheRemedy) {
  EXPECT_ERROR(read_with("context", "a"), "one.json: 'context' is an unknown key; known: citation,");
  EXPECT_ERROR(read_with("title", 3), "'title' must be a text that is not empty");
  EXPECT_ERROR(read_with("id", "two"), "'id' is 'two'; it must equal the file's name");
  EXPECT_ERROR(read_with("template", "a photo"), "'template' must hold {} exactly once");
  EXPECT_ERROR(read_with("folder", "../up"), "'folder' must be a relative path without '..'");
  EXPECT_ERROR(read_with("renames", {{"a", 1}}), "'renames' must be an object of texts");
  EXPECT_ERROR(read_with("split", {{"kind", "csv"}, {"file", "a"}}), "'split.kind' is 'csv'; known:");
  EXPECT_ERROR(read_with("split", {{"kind", "zhou"}}), "'split.file' is missing; add it");
  EXPECT_ERROR(read_with("split", {{"kind", "zhou"}, {"file", "a"}, {"made_from", "air"}}),
               "'split.made_from' is 'air'; known: cars, class_folders,");
  EXPECT_ERROR(read_with("published", {{"test", -1}}), "'published.test' must be a whole number, 0 or more");
  write("suite", {{"id", "small"}, {"title", "A small suite"}, {"datasets", nlohmann::json::array()}});
  EXPECT_ERROR(read_suite(scratch_.path(), "small"), "suite.json: 'datasets' must be a list");
}

TEST_F(SuiteTest, SaysWhatCropsCover) {
  EXPECT_EQ(read_suite(scratch_.path(), "small").at("one").crops, CropRange());
  write("suite",
        {{"id", "small"}, {"title", "A small suite"}, {"datasets", {"two", "one"}}, {"crops", "0.7-1"}});
  EXPECT_EQ(read_suite(scratch_.path(), "small").at("one").crops, (CropRange{0.7, 1}));
  write("suite",
        {{"id", "small"}, {"title", "A small suite"}, {"datasets", {"two", "one"}}, {"crops", "all"}});
  EXPECT_ERROR(read_suite(scratch_.path(), "small"),
               "suite.json: 'crops' all: give shares of an image's area");
}

TEST_F(SuiteTest, EmbedsWhatItsJsonNames) {
  EXPECT_TRUE(read_suite(scratch_.path(), "small").model.empty());
  nlohmann::json suite = {{"id", "small"}, {"title", "A small suite"}, {"datasets", {"one"}}};
  suite["model"] = "../pocket/model";
  suite["data"] = "data";
  suite["features"] = "features";
  write("suite", suite);
  const Suite embedded = read_suite(scratch_.path(), "small");
  EXPECT_EQ(embedded.model, scratch_ / "pocket/model");
  EXPECT_EQ(embedded.data, scratch_ / "small/data");
  EXPECT_EQ(embedded.features, scratch_ / "small/features");

  suite["data"] = "/data";
  write("suite", suite);
  EXPECT_ERROR(read_suite(scratch_.path(), "small"),
               "suite.json: 'data' must be relative to the suite's folder");
  suite.erase("data");
  write("suite", suite);
  EXPECT_ERROR(read_suite(scratch_.path(), "small"), "'features' needs 'model' and 'data'");
}

TEST(Suites, ThoseOfTheRepositoryAreWellFormed) {
  const std::vector<Suite> suites = read_suites(std::filesystem::path(PROMPTBED_SOURCE_DIR) / "datasets");
  const auto has = [&](const std::string& id, bool embedded) {
    return std::ranges::any_of(
        suites, [&](const Suite& suite) { return suite.id == id && suite.features.empty() != embedded; });
  };
  EXPECT_TRUE(has("paper", false));
  EXPECT_TRUE(has("shift", false));
  EXPECT_TRUE(has("pocket", true));
}

}  // namespace
}  // namespace promptbed
