#include "formats/ini.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace promptbed {
namespace {

/// "section|key|value" of every entry.
std::vector<std::string> shown(const char* text) {
  std::vector<std::string> lines;
  for (const IniEntry& entry : parse_ini(text))
    lines.push_back(fmt::format("{}|{}|{}", entry.section, entry.key, entry.value.value_or("(none)")));
  return lines;
}

using Lines = std::vector<std::string>;

TEST(Ini, HasKeysAboveAndBelowSections) {
  EXPECT_EQ(shown("db = a.db\n[sweep]\nmethods=coop,cocoop\n  jobs =  2 \n\n[ report ]\npaper\n"),
            (Lines{"|db|a.db", "sweep|methods|coop,cocoop", "sweep|jobs|2", "report|paper|(none)"}));
}

TEST(Ini, CommentsBeginALineOrFollowABlank) {
  EXPECT_EQ(shown("# one\n; two\nepochs = 5 ; five\nseeds = 1 # one\n[sweep] ; the grid\n"),
            (Lines{"|epochs|5", "|seeds|1"}));
  EXPECT_EQ(shown("data = a#b;c"), (Lines{"|data|a#b;c"}));
}

TEST(Ini, AValueMayBeEmptyAndHaveAnEqualsSign) {
  EXPECT_EQ(shown("set = coop.n_ctx=4\ndb =\n"), (Lines{"|set|coop.n_ctx=4", "|db|"}));
}

TEST(Ini, TakesLinesOfAnySystemAndALastOneWithoutEnd) {
  EXPECT_EQ(shown("db = a\r\nforce\r\nseed = 1"), (Lines{"|db|a", "|force|(none)", "|seed|1"}));
  EXPECT_EQ(shown(""), Lines());
}

TEST(Ini, EntriesKnowTheirLine) {
  EXPECT_EQ(parse_ini("# one\n\ndb = a\n").front().line, 3U);
}

TEST(Ini, RefusesWhatIsNeitherByItsLine) {
  EXPECT_ERROR(parse_ini("db = a\nthe second line\n"), "line 2: 'the second line' is not OPTION = VALUE");
  EXPECT_ERROR(parse_ini("[sweep\n"), "line 1: '[sweep' is no section; write one as [sweep]");
  EXPECT_ERROR(parse_ini("[]\n"), "line 1: '[]' is no section");
  EXPECT_ERROR(parse_ini(std::string_view("d\0b\0=\0", 6)), "has bytes of zero, as text in UTF-16 has");
  EXPECT_ERROR(parse_ini("a\x1b[2J b\n"), R"(line 1: 'a\x1b[2J b' is not OPTION = VALUE)");
  EXPECT_ERROR(parse_ini("= 3\n"), "line 1: '= 3' has no option before the =");
}

}  // namespace
}  // namespace promptbed
