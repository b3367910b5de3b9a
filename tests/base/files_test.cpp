#include "base/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <set>
#include <sstream>
#include <string>

#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

TEST(Files, WrittenContentsReadBack) {
  test::ScratchFolder scratch;
  write_file(scratch / "folder/new.txt", "one\0two");
  EXPECT_EQ(read_file(scratch / "folder/new.txt"), "one\0two");
}

TEST(Files, AFailedWriteLeavesTheOldFileAndNoOther) {
  test::ScratchFolder scratch;
  write_file(scratch / "a", "old");
  EXPECT_ERROR(write_atomically(scratch / "a",
                                [](const fs::path& temporary) {
                                  write_file(temporary, "half");
                                  throw Error("disk full");
                                }),
               "disk full");
  EXPECT_EQ(read_file(scratch / "a"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch.path()), fs::directory_iterator()), 1);
}

TEST(Files, ALinkLeadsToTheFileThatIsReplaced) {
  test::ScratchFolder scratch;
  write_file(scratch / "real/old", "old");
  fs::create_symlink("real/old", scratch / "link");
  fs::create_symlink("real/new", scratch / "ahead");
  write_file(scratch / "link", "new contents");
  write_file(scratch / "ahead", "its first");
  EXPECT_TRUE(fs::is_symlink(scratch / "link"));
  EXPECT_TRUE(fs::is_symlink(scratch / "ahead"));
  EXPECT_EQ(read_file(scratch / "real/old"), "new contents");
  EXPECT_EQ(read_file(scratch / "real/new"), "its first");
}

TEST(Files, DevicesAndPipesAreWrittenIntoAndStay) {
  test::ScratchFolder scratch;
  const fs::path pipe = scratch / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  write_file(pipe, "through it");
  std::string read(32, '\0');
  read.resize(static_cast<size_t>(std::max<ssize_t>(::read(reader, read.data(), read.size()), 0)));
  ::close(reader);
  EXPECT_EQ(read, "through it");
  EXPECT_TRUE(fs::is_fifo(pipe));
  write_file("/dev/null", "nothing");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_ERROR(write_file("/dev/full", "too much"), "/dev/full: cannot be written (No space left on device)");
}

TEST(Files, AFolderThatIsGoneStaysGone) {
  test::ScratchFolder scratch;
  write_file(scratch / "folder/a", "old contents");
  EXPECT_TRUE(write_file_unless_gone(scratch / "folder/a", "contents"));
  EXPECT_EQ(read_file(scratch / "folder/a"), "contents");
  fs::remove_all(scratch / "folder");
  EXPECT_FALSE(write_file_unless_gone(scratch / "folder/a", "contents"));
  EXPECT_FALSE(fs::exists(scratch / "folder"));
  EXPECT_ERROR(write_file_unless_gone(scratch.path(), "contents"), "cannot be written (");
}

TEST(Files, ErrorsNameTheFile) {
  test::ScratchFolder scratch;
  EXPECT_ERROR(read_file(scratch / "none"), "none: cannot be read (No such file or directory)");
  EXPECT_ERROR(read_file(scratch.path()), "is a folder");
}

TEST(Files, AnInnerPathStaysInItsFolder) {
  for (const char* path : {"a", "a/b.txt", "./a", "..a/b", "a/.../b"})
    EXPECT_TRUE(is_inner_path(path)) << path;
  for (const char* path : {"", "/a", "..", "../a", "a/..", "a/../b"})
    EXPECT_FALSE(is_inner_path(path)) << path;
}

TEST(Files, ATemporaryFileIsNewAndNobodyCanGuessItsName) {
  test::ScratchFolder scratch;
  std::set<std::string> names;
  for (int i = 0; i < 3; ++i) {
    write_atomically(scratch / "a", [&](const fs::path& temporary) {
      EXPECT_TRUE(is_temporary_name(temporary.filename().string()));
      EXPECT_TRUE(temporary.filename().string().starts_with("a."));
      EXPECT_EQ(fs::file_size(temporary), 0u) << "it is there already, so that nobody can put a link there";
      names.insert(temporary.string());
    });
  }
  EXPECT_EQ(names.size(), 3u);
}

TEST(Files, OnlyNamesOfTemporaryFilesAreTakenForOnes) {
  EXPECT_TRUE(is_temporary_name("a.safetensors.0123456789abcdef.tmp"));
  for (const char* name : {"a.tmp", "a.4711.tmp", ".0123456789abcdef.tmp", "a.0123456789abcdef", "0123.tmp"})
    EXPECT_FALSE(is_temporary_name(name)) << name;
}

TEST(Files, HaveThePermissionsThatTheUmaskLeaves) {
  test::ScratchFolder scratch;
  for (const mode_t mask : {0022, 0002, 0077}) {
    const mode_t before = ::umask(mask);
    write_file(scratch / "a", "contents");
    ::umask(before);
    struct stat status {};
    ASSERT_EQ(::stat((scratch / "a").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0666 & ~mask);
  }
}

TEST(Files, ThatCannotBeWrittenSayWhy) {
  test::ScratchFolder scratch;
  write_file(scratch / "file", "");
  EXPECT_ERROR(write_file(scratch / "file/a", "contents"),
               "file/a: cannot be written (Not a directory); check the folder and its free space");
  EXPECT_ERROR(write_file("/dev/full/a", "contents"), "/dev/full/a: cannot be written");
}

}  // namespace
}  // namespace promptbed
