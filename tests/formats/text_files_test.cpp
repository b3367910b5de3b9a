#include "formats/text_files.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using Fields = std::vector<std::string>;

class TextFiles : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& contents) const {
    write_file(scratch_ / "file", contents);
    return scratch_ / "file";
  }

  test::ScratchFolder scratch_;
};

TEST_F(TextFiles, LinesHaveNoEndsAndAreNotEmpty) {
  EXPECT_EQ(read_lines(write("one\r\n\n  \n two \nthree")), (Fields{"one", " two", "three"}));
  EXPECT_EQ(read_lines(write("")), Fields{});
  EXPECT_ERROR(read_lines(scratch_ / "none"), "none: cannot be read");
}

TEST_F(TextFiles, AByteOrderMarkIsNoPartOfTheFirstLine) {
  EXPECT_EQ(read_lines(write("\xef\xbb\xbf"
                             "beer mug\r\nbread\r\n")),
            (Fields{"beer mug", "bread"}));
}

TEST_F(TextFiles, WordLinesAreAWordAndTheRest) {
  EXPECT_EQ(
      read_word_lines(write("n01 tench\nn02 \t great white shark\n")),
      (std::vector<std::pair<std::string, std::string>>{{"n01", "tench"}, {"n02", "great white shark"}}));
  EXPECT_ERROR(read_word_lines(write("n01\n")),
               "file: line 'n01' must hold a word and a class name; fix the file");
}

TEST_F(TextFiles, CsvFieldsMayBeQuoted) {
  const std::vector<CsvRow> rows =
      read_csv(write("\xef\xbb\xbf"
                     "a,b,\r\n\n\"1,\n\"\"2\"\"\",,x\"y\n"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].line, 1);
  EXPECT_EQ(rows[0].fields, (Fields{"a", "b", ""}));
  EXPECT_EQ(rows[1].line, 3);
  EXPECT_EQ(rows[1].fields, (Fields{"1,\n\"2\"", "", "x\"y"}));
}

TEST_F(TextFiles, CsvThatIsDamagedIsNamedByItsLine) {
  EXPECT_ERROR(read_csv(write("a\n\"b\nc")),
               "file, line 2: is not CSV: a quote is never closed; fix the line");
  EXPECT_ERROR(read_csv(write("a\n\"b\"c\n")), "file, line 2: is not CSV: text follows a closing quote");
}

}  // namespace
}  // namespace promptbed
