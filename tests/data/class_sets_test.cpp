#include <gtest/gtest.h>

#include "base/files.h"
#include "data/draws/class_sets.h"
#include "data/suites/given_names.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

Split five_classes() {
  Split split;
  split.class_names = {"a", "b", "c", "d", "e"};
  for (const int64_t label : {4, 0, 3, 2, 1})
    split.test.push_back({std::to_string(label), label, split.class_names[static_cast<size_t>(label)]});
  return split;
}

TEST(ClassSet, BaseHasTheClassInTheMiddle) {
  const Split split = five_classes();
  EXPECT_EQ(class_names_of(split, ClassSet::base), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(class_names_of(split, ClassSet::new_), (std::vector<std::string>{"d", "e"}));
  EXPECT_EQ(class_names_of(split, ClassSet::all), split.class_names);
}

TEST(ClassSet, ImagesKeepTheirOrderAndCountLabelsFromZero) {
  const Split split = five_classes();
  EXPECT_EQ(subset(split.test, split, ClassSet::new_), (std::vector<Image>{{"4", 1, "e"}, {"3", 0, "d"}}));
  EXPECT_EQ(subset(split.test, split, ClassSet::base),
            (std::vector<Image>{{"0", 0, "a"}, {"2", 2, "c"}, {"1", 1, "b"}}));
  EXPECT_EQ(subset(split.test, split, ClassSet::all), split.test);
}

TEST(ClassSet, NamesReadBack) {
  for (const ClassSet set : {ClassSet::base, ClassSet::new_, ClassSet::all})
    EXPECT_EQ(parse_class_set(to_string(set)), set);
  EXPECT_ERROR(parse_class_set("old"), "'old' is not a set of classes; known: base, new, all");
}

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
  EXPECT_EQ(listed.class_names.size(), 3U) << "a name without images is a candidate, too";
  EXPECT_EQ(listed.left_out, 1);
  EXPECT_ERROR(test_images_of(small_split(), std::vector<std::string>{"dog"}), "first 'dog'");
}

class ClassList : public testing::Test {
 protected:
  std::vector<std::string> read(const std::string& contents) const {
    write_file(scratch_ / "names", contents);
    return read_class_list(scratch_ / "names");
  }

  test::ScratchFolder scratch_;
};

TEST_F(ClassList, IsOneNameALineOrAJsonList) {
  const std::vector<std::string> expected = {"ant", "polar bear"};
  EXPECT_EQ(read("ant\r\n\npolar bear\n"), expected);
  EXPECT_EQ(read(" [\"ant\", \"polar bear\"]"), expected);
}

TEST_F(ClassList, MayBeginWithAByteOrderMark) {
  const std::vector<std::string> expected = {"ant", "polar bear"};
  EXPECT_EQ(read("\xef\xbb\xbf"
                 "ant\r\npolar bear\r\n"),
            expected);
  EXPECT_EQ(read("\xef\xbb\xbf"
                 "[\"ant\", \"polar bear\"]"),
            expected);
}

TEST_F(ClassList, RefusesWhatIsNoName) {
  EXPECT_ERROR(read("caf\xe9\n"), "names: class 'caf\\xe9' is not UTF-8; write it in UTF-8");
  EXPECT_ERROR(read("[\"\\u001b[2J\"]"), "names: class '\\x1b[2J' has control characters; leave them out");
}

TEST_F(ClassList, RefusesWhatHoldsNoNames) {
  EXPECT_ERROR(read("{\"zoo\": [\"ant\"]}"), "holds names by dataset; give it as --class-names");
  EXPECT_ERROR(read(""), "holds no class name");
  EXPECT_ERROR(read("[]"), "holds no class name");
  EXPECT_ERROR(read("[\"\"]"), "says nothing in a prompt");
  EXPECT_ERROR(read("[3]"), "3 is not a class name");
  EXPECT_ERROR(read("ant\nbee\nant\n"), "class 'ant' is there twice");
  EXPECT_ERROR(read_class_list(scratch_ / "none"), "none");
}

}  // namespace
}  // namespace promptbed
