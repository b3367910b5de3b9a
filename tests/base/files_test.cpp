#include "base/files.h"

#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>
#include <sstream>

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

TEST(Files, ErrorsNameTheFile) {
  test::ScratchFolder scratch;
  EXPECT_ERROR(read_file(scratch / "none"), "none: cannot be read (No such file or directory)");
  EXPECT_ERROR(read_file(scratch.path()), "is a folder");
  write_file(scratch / "bad.json", "{\n  \"a\": 1,\n  oops\n}");
  EXPECT_ERROR(read_json(scratch / "bad.json"), "bad.json, line 3: is not JSON; fix or replace the file");
}

TEST(Files, AnInnerPathStaysInItsFolder) {
  for (const char* path : {"a", "a/b.txt", "./a", "..a/b", "a/.../b"})
    EXPECT_TRUE(is_inner_path(path)) << path;
  for (const char* path : {"", "/a", "..", "../a", "a/..", "a/../b"})
    EXPECT_FALSE(is_inner_path(path)) << path;
}

TEST(WriterLock, HasOneHolderAtATime) {
  test::ScratchFolder scratch;
  std::ostringstream log;
  auto first = std::make_unique<WriterLock>(scratch / "cache/a", log);
  auto second = std::async(std::launch::async, [&] { const WriterLock lock(scratch / "cache/a", log); });
  EXPECT_EQ(second.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  first.reset();
  second.get();
  EXPECT_EQ(log.str(), (scratch / "cache/a").string() + ": waiting for another process to finish writing\n");
  write_file(scratch / "b", "");
  EXPECT_ERROR(WriterLock(scratch / "b/c", log),
               "b/c.lock: cannot be written (Not a directory); choose another");
}

}  // namespace
}  // namespace promptbed
