#include "base/files.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

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
  EXPECT_ERROR(read_json(scratch / "bad.json"), "bad.json, line 3: is not JSON; mend or replace the file");
}

}  // namespace
}  // namespace promptbed
