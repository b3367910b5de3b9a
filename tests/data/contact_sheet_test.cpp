#include "data/pictures/contact_sheet.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/scratch.h"
#include "support/tiny_png.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

TEST(ContactSheet, HasARowPerClass) {
  const test::ScratchFolder scratch;
  test::write_tiny_png(scratch / "a.png", 10);
  test::write_tiny_png(scratch / "b.png", 20);
  const Picture sheet = contact_sheet({{"a.png", "b.png"}, {"b.png"}}, ImageFiles(scratch.path()));
  EXPECT_EQ(sheet.row(30)[3 * 30], 10);
  EXPECT_EQ(sheet.row(30)[3 * 96], 20);
  EXPECT_EQ(sheet.row(96)[3 * 30], 20);
  EXPECT_EQ(sheet.row(96)[3 * 96], 255) << "nothing is there";
}

TEST(ContactSheet, OfManyClassesIsRoughlySquare) {
  const test::ScratchFolder scratch;
  test::write_tiny_png(scratch / "a.png", 10);
  const Picture sheet =
      contact_sheet(std::vector<std::vector<std::string>>(200, {"a.png"}), ImageFiles(scratch.path()));
  EXPECT_LT(sheet.width, 2 * sheet.height);
  EXPECT_LT(sheet.height, 2 * sheet.width);
}

TEST(ContactSheet, IsWrittenAsAPngThatReadsBack) {
  const test::ScratchFolder scratch;
  test::write_tiny_png(scratch / "a.png", 77);
  const Picture picture = decode_picture(scratch / "a.png");
  EXPECT_EQ(picture.width, 8);
  EXPECT_EQ(picture.rgb.at(0), 77);
  EXPECT_ERROR(contact_sheet({{"none.png"}}, ImageFiles(scratch.path())), "none.png: cannot be read");
  EXPECT_ERROR(write_png(scratch / "a.png/b.png", picture), "a.png/b.png: cannot be written");
}

}  // namespace
}  // namespace promptbed
