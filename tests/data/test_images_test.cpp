#include "data/draws/test_images.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "data/layouts/class_list.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

Split small_split() {
  Split split;
  split.class_names = {"ant", "bee", "cat"};
  split.test = {{"1.png", 0, "ant"}, {"2.png", 1, "bee"}, {"3.png", 2, "cat"}, {"4.png", 1, "bee"}};
  return split;
}

TEST(TestImages, OfAHalfAreThatHalfs) {
  const TestImages base = test_images_of(small_split(), ClassSet::base);
  EXPECT_EQ(base.class_names, (std::vector<std::string>{"ant", "bee"}));
  EXPECT_EQ(base.images.size(), 3U);
  EXPECT_EQ(base.left_out, 1);
}

TEST(TestImages, OfAListAreRelabelledByIt) {
  const TestImages listed = test_images_of(small_split(), std::vector<std::string>{"cat", "dog", "bee"});
  ASSERT_EQ(listed.images.size(), 3U);
  EXPECT_EQ(listed.images[0].path, "2.png");
  EXPECT_EQ(listed.images[0].label, 2);
  EXPECT_EQ(listed.images[1].label, 0);
  EXPECT_EQ(listed.class_names.size(), 3U) << "a name without images is told apart, too";
  EXPECT_EQ(listed.left_out, 1);
  EXPECT_ERROR(test_images_of(small_split(), std::vector<std::string>{"dog"}), "first 'dog'");
}

class ClassList : public testing::Test {
 protected:
  std::optional<std::vector<std::string>> read(const std::string& contents) const {
    write_file(scratch_ / "names", contents);
    return read_class_list(scratch_ / "names");
  }

  test::ScratchFolder scratch_;
};

TEST_F(ClassList, IsOneNameALineOrAJsonList) {
  const std::vector<std::string> expected = {"ant", "polar bear"};
  EXPECT_EQ(read("ant\r\n\npolar bear\n"), expected);
  EXPECT_EQ(read(" [\"ant\", \"polar bear\"]"), expected);
  EXPECT_FALSE(read("{\"zoo\": [\"ant\"]}")) << "names by dataset are for others to read";
}

TEST_F(ClassList, RefusesWhatHoldsNoNames) {
  EXPECT_ERROR(read(""), "holds no class name");
  EXPECT_ERROR(read("[]"), "holds no class name");
  EXPECT_ERROR(read("[\"\"]"), "a class name is empty");
  EXPECT_ERROR(read("[3]"), "3 is no class name");
  EXPECT_ERROR(read("ant\nbee\nant\n"), "class 'ant' is there twice");
  EXPECT_ERROR(read_class_list(scratch_ / "none"), "none");
}

}  // namespace
}  // namespace promptbed
