#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "fuzz/fuzz_targets.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

const fs::path kCorpus = fs::path(PROMPTBED_SOURCE_DIR) / "tests/fuzz/corpus";

std::vector<fs::path> entries_of(const fs::path& folder) {
  const fs::directory_iterator entries(folder);
  std::vector<fs::path> paths(begin(entries), end(entries));
  std::ranges::sort(paths);
  return paths;
}

class FuzzCorpus : public testing::TestWithParam<std::string> {};

TEST_P(FuzzCorpus, DoesNoHarm) {
  const std::vector<fs::path> entries = entries_of(kCorpus / GetParam());
  EXPECT_FALSE(entries.empty());
  for (const fs::path& entry : entries) {
    SCOPED_TRACE(entry.string());
    EXPECT_NO_THROW(test::run_fuzz_target(test::fuzz_target(GetParam()), read_file(entry)));
  }
}

std::vector<std::string> target_names() {
  std::vector<std::string> names;
  for (const test::FuzzTarget& target : test::fuzz_targets()) names.emplace_back(target.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzCorpus, testing::ValuesIn(target_names()),
                         [](const auto& test) { return test.param; });

TEST(FuzzCorpora, HaveATargetEach) {
  for (const fs::path& folder : entries_of(kCorpus))
    EXPECT_NO_THROW(test::fuzz_target(folder.filename().string()));
}

}  // namespace
}  // namespace promptbed
