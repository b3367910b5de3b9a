#include "data/draws/class_half.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace promptbed {
namespace {

Split five_classes() {
  Split split;
  split.class_names = {"a", "b", "c", "d", "e"};
  for (const int64_t label : {4, 0, 3, 2, 1})
    split.test.push_back({std::to_string(label), label, split.class_names[static_cast<size_t>(label)]});
  return split;
}

TEST(ClassHalf, BaseHasTheClassInTheMiddle) {
  const Split split = five_classes();
  EXPECT_EQ(class_names_of(split, ClassSet::base), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(class_names_of(split, ClassSet::new_), (std::vector<std::string>{"d", "e"}));
  EXPECT_EQ(class_names_of(split, ClassSet::all), split.class_names);
}

TEST(ClassHalf, ImagesKeepTheirOrderAndCountLabelsFromZero) {
  const Split split = five_classes();
  EXPECT_EQ(subset(split.test, split, ClassSet::new_), (std::vector<Image>{{"4", 1, "e"}, {"3", 0, "d"}}));
  EXPECT_EQ(subset(split.test, split, ClassSet::base),
            (std::vector<Image>{{"0", 0, "a"}, {"2", 2, "c"}, {"1", 1, "b"}}));
  EXPECT_EQ(subset(split.test, split, ClassSet::all), split.test);
}

TEST(ClassHalf, NamesReadBack) {
  for (const ClassSet set : {ClassSet::base, ClassSet::new_, ClassSet::all})
    EXPECT_EQ(parse_class_set(to_string(set)), set);
  EXPECT_ERROR(parse_class_set("old"), "'old' is no set of classes; known are base, new, all");
}

}  // namespace
}  // namespace promptbed
