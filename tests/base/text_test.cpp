#include "base/text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace promptbed {
namespace {

TEST(Printable, LeavesTextAlone) {
  for (const char* text : {"", "beer mug", "größer", "中文", "نام‌ها", "👩‍🚀", "†", "a\\b\"c~"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, SpellsOutWhatWouldActOnATerminal) {
  EXPECT_EQ(printable("\x1b[2J\x07 bell\x7f"), "\\x1b[2J\\x07 bell\\x7f");
  EXPECT_EQ(printable("two\nlines\tand\r"), "two\\x0alines\\x09and\\x0d");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\u009b31m");  // C1's control sequence introducer
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "gpj.exe"),
            "\\u202egpj.exe");  // right-to-left override
  EXPECT_EQ(printable("a\xe2\x80\xa8"
                      "b"),
            "a\\u2028b");                                       // line separator
  EXPECT_EQ(printable("caf\xe9 au lait"), "caf\\xe9 au lait");  // Latin-1
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
}

TEST(Printable, KeepsTheEndsOfLines) {
  EXPECT_EQ(printable_lines("a\n\x1b\n\nb"), "a\n\\x1b\n\nb");
  EXPECT_EQ(printable_lines("a\n"), "a\n");
  EXPECT_EQ(printable_lines(""), "");
}

TEST(Names, AreUtf8WithoutControlCharacters) {
  check_name("Größe 7 (中文)", "birds: class");
  EXPECT_ERROR(check_name("caf\xe9", "birds: class"),
               "birds: class 'caf\\xe9' is not UTF-8; write it in UTF-8");
  EXPECT_ERROR(check_name("a\x1b[31m", "birds: class"),
               "birds: class 'a\\x1b[31m' has control characters; leave them out");
  check_class_name("_7", "birds: class");
  for (const char* name : {"", " ", "_", " _ "})
    EXPECT_ERROR(check_class_name(name, "birds: class"), fmt::format("birds: class '{}' says nothing", name));
  EXPECT_ERROR(check_name("\xff", "\xff/birds: class"), "\\xff/birds: class '\\xff' is not UTF-8");
}

TEST(Texts, BeginWithoutAByteOrderMark) {
  EXPECT_EQ(without_byte_order_mark("\xef\xbb\xbf"
                                    "a"),
            "a");
  EXPECT_EQ(without_byte_order_mark("a\xef\xbb\xbf"), "a\xef\xbb\xbf");
  EXPECT_EQ(without_byte_order_mark("\xef\xbb"), "\xef\xbb");
}

}  // namespace
}  // namespace promptbed
