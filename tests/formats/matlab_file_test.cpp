#include "formats/matlab_file.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/matlab_writer.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

template <class Number>
std::string raw(Number number) {
  return {reinterpret_cast<const char*>(&number), sizeof(number)};
}

/// A data element, padded.
std::string element(uint32_t type, const std::string& bytes) {
  return raw(type) + raw(static_cast<uint32_t>(bytes.size())) + bytes +
         std::string((8 - bytes.size() % 8) % 8, '\0');
}

/// An array of a class and sizes, with whatever contents.
std::string array(const std::string& name, uint32_t flags, int32_t columns, const std::string& contents) {
  return element(14, element(6, raw(flags) + raw(0)) + element(5, raw(int32_t{1}) + raw(columns)) +
                         element(1, name) + contents);
}

constexpr uint32_t kCells = 1;
constexpr uint32_t kStructs = 2;
constexpr uint32_t kText = 4;
constexpr uint32_t kReal64 = 6;
constexpr uint32_t kComplex = 0x800;

class MatlabFiles : public testing::Test {
 protected:
  MatlabFile file(const std::string& variables) const {
    write_file(path_, std::string(124, ' ') + std::string("\x00\x01IM", 4) + variables);
    return MatlabFile(path_);
  }

  test::ScratchFolder scratch_;
  std::filesystem::path path_ = scratch_ / "a.mat";
};

TEST_F(MatlabFiles, WhatAnotherLibraryWritesIsRead) {
  {
    const test::MatlabWriter writer(path_);
    writer.numbers("labels", {1, 2, 77});
    writer.texts("names", {"tulip", "sweet pea", "rose"});
    writer.annotations({{"1.jpg", 3}, {"a long name.jpg", 1}});
  }
  const MatlabFile file(path_);
  EXPECT_EQ(file.integers("labels"), (std::vector<int64_t>{1, 2, 77}));
  EXPECT_EQ(file.texts("names"), (std::vector<std::string>{"tulip", "sweet pea", "rose"}));
  EXPECT_EQ(file.integers("annotations", "class"), (std::vector<int64_t>{3, 1}));
  EXPECT_EQ(file.texts("annotations", "fname"), (std::vector<std::string>{"1.jpg", "a long name.jpg"}));
}

TEST_F(MatlabFiles, NumbersOfEveryTypeAreRead) {
  EXPECT_EQ(file(array("a", kReal64, 2, element(9, raw(3.0) + raw(-2.0)))).integers("a"),
            (std::vector<int64_t>{3, -2}));
  EXPECT_EQ(file(array("a", kReal64, 1, element(3, raw(int16_t{-7})))).integers("a"),
            (std::vector<int64_t>{-7}));
}

TEST_F(MatlabFiles, TextsOf16BitsAreAscii) {
  const auto cells_of = [](const std::string& letters) {
    return array("a", kCells, 1, array("", kText, 2, element(4, letters)));
  };
  EXPECT_EQ(file(cells_of(std::string("o\0k\0", 4))).texts("a"), (std::vector<std::string>{"ok"}));
  EXPECT_ERROR(file(cells_of(std::string("o\1k\0", 4))).texts("a"), "'a' has a letter that is not ASCII");
}

TEST_F(MatlabFiles, WhatIsNotWholeIsRefused) {
  const auto refusal = [&](const std::string& variables) {
    return test::error_of([&] { file(variables).integers("a"); });
  };
  const std::string remedy = "; put the original file there";
  const std::string begin = path_.string() + ": 'a' ";
  EXPECT_EQ(refusal(array("b", kReal64, 1, element(9, raw(1.0)))), begin + "is missing" + remedy);
  EXPECT_EQ(refusal(array("a", kReal64, 1, element(9, raw(1.5)))),
            begin + "has a number that is not whole" + remedy);
  EXPECT_EQ(refusal(array("a", kReal64, 1, element(9, raw(1e300)))),
            begin + "has a number that is not whole" + remedy);
  EXPECT_EQ(refusal(array("a", kReal64, 1, element(13, raw(~uint64_t{0})))),
            begin + "has a number out of range" + remedy);
  EXPECT_EQ(refusal(array("a", kReal64 | kComplex, 1, element(9, raw(1.0)) + element(9, raw(1.0)))),
            begin + "is complex" + remedy);
  EXPECT_EQ(refusal(array("a", kReal64, 2, element(9, raw(1.0)))),
            begin + "has another number of values than its sizes say" + remedy);
  EXPECT_EQ(refusal(array("a", kReal64, -1, element(9, raw(1.0)))), begin + "has impossible sizes" + remedy);
  EXPECT_EQ(refusal(array("a", kReal64, 1, "")), begin + "is cut short" + remedy);
  EXPECT_EQ(refusal(array("a", kText, 1, element(16, "x"))), begin + "is not numeric" + remedy);
  const std::string whole = array("a", kReal64, 1, element(9, raw(1.0)));
  for (size_t kept = 1; kept < whole.size(); ++kept)
    EXPECT_ERROR(file(whole.substr(0, kept)).integers("a"), "'a' is cut short");
}

TEST_F(MatlabFiles, CountsAreNotBelieved) {
  EXPECT_ERROR(file(array("a", kCells, 0x7f000000, array("", kText, 1, element(16, "x")))).texts("a"),
               "'a' is cut short");
  const std::string fields = element(5, raw(int32_t{2})) + element(1, std::string("f\0", 2));
  EXPECT_ERROR(file(array("a", kStructs, 0x7f000000, fields)).texts("a", "f"), "'a' is cut short");
  EXPECT_ERROR(file(array("a", kStructs, 1, fields)).texts("a", "g"), "'a' has no such field");
  EXPECT_ERROR(file(array("a", kStructs, 1, fields + element(14, ""))).texts("a", "f"), "'a' is not a text");
  EXPECT_ERROR(file(array("a", kStructs, 1, fields + element(14, ""))).integers("a", "f"),
               "'a' is not numeric");
  EXPECT_ERROR(file(element(15, "not deflated")).texts("a"), "'a' cannot be unpacked");
}

TEST_F(MatlabFiles, OtherFilesAreRefused) {
  write_file(path_, "no");
  EXPECT_ERROR(MatlabFile{path_}, "a.mat: is not a MATLAB file of level 5; put the original file there");
  write_file(path_, std::string(124, ' ') + std::string("\x00\x02IM", 4));  // version 7.3
  EXPECT_ERROR(MatlabFile{path_}, "a.mat: is not a MATLAB file of level 5");
}

}  // namespace
}  // namespace promptbed
