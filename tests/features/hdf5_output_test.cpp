#include "features/hdf5_output.h"

#include <gtest/gtest.h>
#include <promptbed/error.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "base/files.h"
#include "features/feature_file.h"
#include "features/small_table.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using test::small_key;
using test::small_table;

/// How a process of its own ends that may write files of so many bytes at most: 0 if it gets an Error of one
/// line that names the file, and then ends as programs do, HDF5's own clearing up included.
int end_of_writer(const fs::path& path, rlim_t most) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{most, most};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    int code = 1;
    try {
      write_feature_file(path, small_key(StoredType::f32), small_table(2000));
    } catch (const Error& fault) {
      const std::string text = fault.what();
      code =
          text.starts_with(path.string() + ": cannot be written (") && text.find('\n') == text.npos ? 0 : 2;
    }
    std::exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(FullDisk, IsAnErrorAndNoCrashWhenFeaturesAreWritten) {
  test::ScratchFolder scratch;
  for (const rlim_t most : {0, 100, 2000, 20'000, 60'000}) {
    EXPECT_EQ(end_of_writer(scratch / "pets.h5", most), 0) << most << " bytes";
    EXPECT_TRUE(fs::is_empty(scratch.path())) << most << " bytes";
  }
}

TEST(FullDisk, LeavesTheEarlierFeaturesAsTheyWere) {
  test::ScratchFolder scratch;
  const fs::path path = scratch / "pets.h5";
  write_feature_file(path, small_key(StoredType::f32), small_table(3));
  const std::string before = read_file(path);
  EXPECT_EQ(end_of_writer(path, 2000), 0);
  EXPECT_EQ(read_file(path), before);
}

TEST(Hdf5Output, TakesNoMoreSpaceThanItsFileInTheEnd) {
  test::ScratchFolder scratch;
  write_feature_file(scratch / "pets.h5", small_key(StoredType::f32), small_table(3));
  write_file(scratch / "same", read_file(scratch / "pets.h5"));
  struct stat features {
  }, same{};
  ASSERT_EQ(::stat((scratch / "pets.h5").c_str(), &features), 0);
  ASSERT_EQ(::stat((scratch / "same").c_str(), &same), 0);
  EXPECT_EQ(features.st_blocks, same.st_blocks);
}

}  // namespace
}  // namespace promptbed
