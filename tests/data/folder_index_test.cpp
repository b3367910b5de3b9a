#include "data/layouts/folder_index.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

using Names = std::vector<std::string>;

class FolderIndexTest : public testing::Test {
 protected:
  /// A folder of kFiles files and one folder, unchanged for an hour.
  FolderIndexTest() {
    fs::create_directories(scratch_ / "pictures/inner");
    for (int i = 0; i < kFiles; ++i) touch("pictures/" + std::to_string(i));
    age();
  }

  void touch(const std::string& name) const { std::ofstream(scratch_ / name); }

  void age() const {
    fs::last_write_time(scratch_ / "pictures", fs::file_time_type::clock::now() - std::chrono::hours(1));
  }

  /// Lists with a new index, as another process would.
  FolderNames list() const {
    FolderIndex index(scratch_ / "cache/pictures.idx", kFiles);
    FolderNames names = index.list(scratch_ / "pictures");
    index.save();
    return names;
  }

  /// Removes a file without changing the folder's time.
  void take_away_unnoticed(const std::string& name) const {
    const auto time = fs::last_write_time(scratch_ / "pictures");
    fs::remove(scratch_ / "pictures" / name);
    fs::last_write_time(scratch_ / "pictures", time);
  }

  static constexpr int kFiles = 12;
  test::ScratchFolder scratch_;
};

TEST_F(FolderIndexTest, SortsByNameAndLeavesOutHiddenEntries) {
  for (const char* name : {"a/b.jpg", "a/B.jpg", "a/\xc3\xa4.jpg", "a/.hidden", "a/z/c.jpg"})
    write_file(scratch_ / name, "");
  const FolderNames names = FolderIndex().list(scratch_ / "a");
  EXPECT_EQ(names.files, (Names{"B.jpg", "b.jpg", "\xc3\xa4.jpg"}));
  EXPECT_EQ(names.folders, (Names{"z"}));
}

TEST_F(FolderIndexTest, KeepsALargeFolderWhoseTimeIsTheSame) {
  EXPECT_EQ(list().files.size(), size_t{kFiles});
  take_away_unnoticed("7");
  const FolderNames remembered = list();
  EXPECT_EQ(remembered.files.size(), size_t{kFiles}) << "the disk was not asked";
  EXPECT_EQ(remembered.folders, (Names{"inner"}));
}

TEST_F(FolderIndexTest, ListsAFolderThatHasChanged) {
  list();
  touch("pictures/new");
  EXPECT_EQ(list().files.size(), size_t{kFiles + 1});
}

TEST_F(FolderIndexTest, DoesNotKeepWhatHasJustChanged) {
  touch("pictures/new");
  list();
  EXPECT_FALSE(fs::exists(scratch_ / "cache"));
}

TEST_F(FolderIndexTest, DoesNotKeepSmallListings) {
  FolderIndex index(scratch_ / "cache/small.idx", kFiles + 2);
  index.list(scratch_ / "pictures");
  index.save();
  EXPECT_FALSE(fs::exists(scratch_ / "cache"));
}

TEST_F(FolderIndexTest, ADamagedFileIsIgnored) {
  list();
  const fs::path file = scratch_ / "cache/pictures.idx";
  const std::string whole = read_file(file);
  take_away_unnoticed("7");
  for (const std::string& damaged :
       {std::string(), std::string("x"), whole.substr(0, whole.size() / 2), whole + '\0', 'x' + whole}) {
    write_file(file, damaged);
    EXPECT_EQ(FolderIndex(file, kFiles).list(scratch_ / "pictures").files.size(), size_t{kFiles - 1});
  }
}

TEST_F(FolderIndexTest, LinksAreFollowedAndCyclesRefused) {
  fs::create_directory_symlink(scratch_ / "pictures", scratch_ / "pictures/inner/up");
  fs::create_symlink("nowhere", scratch_ / "pictures/inner/dangling.jpg");
  const FolderNames names = FolderIndex().list(scratch_ / "pictures/inner");
  EXPECT_EQ(names.folders, (Names{"up"}));
  EXPECT_EQ(names.files, (Names{"dangling.jpg"}));
  fs::create_symlink("loop", scratch_ / "pictures/inner/loop");
  EXPECT_ERROR(FolderIndex().list(scratch_ / "pictures/inner"), "inner/loop: is a cyclic link");
  EXPECT_ERROR(FolderIndex().list(scratch_ / "none"), "none: cannot be listed (No such file or directory)");
}

}  // namespace
}  // namespace promptbed
