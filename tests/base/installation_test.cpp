#include "base/installation.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using Folders = std::vector<fs::path>;

TEST(Installation, FoldersAreSearchedAsGivenThenAsTheEnvironmentSaysThenBesideTheProgram) {
  ::setenv("PROMPTBED_TEST_FOLDERS", "/second::/third", 1);
  const fs::path here = program_folder();
  EXPECT_EQ(search_folders({"/first"}, "PROMPTBED_TEST_FOLDERS", {"no such folder", "."}),
            (Folders{"/first", "/second", "/third", (here / ".").lexically_normal()}));
  ::unsetenv("PROMPTBED_TEST_FOLDERS");
  EXPECT_EQ(search_folders({}, "PROMPTBED_TEST_FOLDERS", {"no such folder"}), Folders{});
}

TEST(Installation, FindsTheEmbeddedSuiteThoughSuitesOfOnesOwnAreRead) {
  const fs::path installed = datasets_folder();
  const test::ScratchFolder own;
  ::setenv("PROMPTBED_DATASETS", own.path().c_str(), 1);
  EXPECT_EQ(datasets_folder(), own.path());
  EXPECT_EQ(embedded_suite_folder(), installed);
  ::unsetenv("PROMPTBED_DATASETS");
}

TEST(Installation, KnowsWhichCodeItIs) {
  EXPECT_EQ(release_version().find_first_not_of("0123456789."), std::string::npos);
  EXPECT_FALSE(code_version().empty());
}

}  // namespace
}  // namespace promptbed
