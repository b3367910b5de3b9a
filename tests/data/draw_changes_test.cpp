#include "data/draws/draw_changes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "support/expect_error.h"

namespace promptbed {
namespace {

std::vector<std::string> classes_of(int64_t count) {
  std::vector<std::string> names;
  for (int64_t label = 0; label < count; ++label) names.push_back("class " + std::to_string(label));
  return names;
}

/// So many images of each class.
FewShotDraw even_draw(int64_t classes, int64_t shots) {
  FewShotDraw draw;
  const auto names = classes_of(classes);
  for (int64_t label = 0; label < classes; ++label) {
    const std::string& name = names[static_cast<size_t>(label)];
    for (int64_t i = 0; i < shots; ++i) draw.train.push_back({name + "/" + std::to_string(i), label, name});
    draw.val.push_back({name + "/val", label, name});
  }
  return draw;
}

DrawChanges noise(const char* text) {
  return {.noise = parse_label_noise(text, "noise")};
}

/// Images by label.
std::vector<int64_t> counts(const FewShotDraw& draw, int64_t classes) {
  std::vector<int64_t> counts(static_cast<size_t>(classes));
  for (const Image& image : draw.train) ++counts[static_cast<size_t>(image.label)];
  return counts;
}

TEST(LabelNoise, IsReadAsItIsTyped) {
  EXPECT_EQ(parse_label_noise("symmetric:0.4", ""), (LabelNoise{NoiseKind::symmetric, 0.4}));
  EXPECT_EQ(parse_label_noise("asymmetric:0.125", ""), (LabelNoise{NoiseKind::asymmetric, 0.125}));
  EXPECT_EQ(to_string(parse_label_noise("symmetric:0.40", "")), "symmetric:0.4");
  for (const char* wrong : {"", "0.4", "symmetric", "symmetric:", "symmetric:0", "symmetric:1", "pair:0.4",
                            "symmetric:0.4x", "symmetric:nan", "asymmetric:-0.1"})
    EXPECT_ERROR(parse_label_noise(wrong, "--label-noise"),
                 std::string("--label-noise ") + wrong +
                     ": give symmetric or asymmetric and a share between 0 and 1, such as symmetric:0.4");
}

TEST(LabelNoise, GivesTheSameShareOfEachClassALabelOfAnother) {
  FewShotDraw draw = even_draw(5, 16);
  const FewShotDraw clean = draw;
  const auto flips = change_draw(draw, classes_of(5), 16, 1, noise("symmetric:0.4"));
  EXPECT_EQ(flips.size(), 5U * 6U) << "0.4 of 16, rounded";
  std::map<int64_t, int64_t> of_class;
  std::set<std::pair<int64_t, int64_t>> ways;
  for (const Flip& flip : flips) {
    EXPECT_EQ(flip.label, clean.train[flip.place].label);
    const Image& image = draw.train[flip.place];
    EXPECT_NE(image.label, flip.label);
    EXPECT_EQ(image.class_name, classes_of(5)[static_cast<size_t>(image.label)]);
    ++of_class[flip.label];
    ways.emplace(flip.label, image.label);
  }
  for (const auto& [label, count] : of_class) EXPECT_EQ(count, 6) << label;
  EXPECT_GT(ways.size(), 12U) << "of 20: to any other class";
  size_t changed = 0;
  for (size_t i = 0; i < clean.train.size(); ++i) {
    EXPECT_EQ(draw.train[i].path, clean.train[i].path);
    changed += draw.train[i] == clean.train[i] ? 0 : 1;
  }
  EXPECT_EQ(changed, flips.size());
  EXPECT_EQ(draw.val, clean.val);
  EXPECT_NE(draw.hash(), clean.hash());
}

TEST(LabelNoise, FavoursNoOtherClass) {
  FewShotDraw draw = even_draw(4, 3000);
  for (const Flip& flip : change_draw(draw, classes_of(4), 3000, 1, noise("symmetric:0.5")))
    EXPECT_GE(draw.train[flip.place].label, 0);
  // Each class keeps 1500, and gets about 500 of each other: three binomials of n 1500 and p 1/3, whose sum
  // has a standard deviation of 32.
  for (const int64_t count : counts(draw, 4)) EXPECT_NEAR(static_cast<double>(count), 3000, 5 * 32);
}

TEST(LabelNoise, GoesInACircleIfAsymmetric) {
  FewShotDraw draw = even_draw(3, 4);
  for (const Flip& flip : change_draw(draw, classes_of(3), 4, 1, noise("asymmetric:0.5")))
    EXPECT_EQ(draw.train[flip.place].label, (flip.label + 1) % 3);
  EXPECT_EQ(counts(draw, 3), (std::vector<int64_t>{4, 4, 4})) << "two went, two came";
}

TEST(LabelNoise, FlipsTheSameImagesAndMoreAtAHigherRate) {
  FewShotDraw some = even_draw(6, 16), more = some;
  const auto few_flips = change_draw(some, classes_of(6), 16, 3, noise("symmetric:0.25"));
  const auto flips = change_draw(more, classes_of(6), 16, 3, noise("symmetric:0.75"));
  EXPECT_EQ(few_flips.size(), 24U);
  EXPECT_EQ(flips.size(), 72U);
  for (const Flip& flip : few_flips) EXPECT_EQ(more.train[flip.place], some.train[flip.place]);
}

TEST(LabelNoise, DependsOnTheSeed) {
  FewShotDraw one = even_draw(6, 16), again = one, other = one;
  change_draw(one, classes_of(6), 16, 1, noise("symmetric:0.5"));
  change_draw(again, classes_of(6), 16, 1, noise("symmetric:0.5"));
  change_draw(other, classes_of(6), 16, 2, noise("symmetric:0.5"));
  EXPECT_EQ(one, again);
  EXPECT_NE(one, other);
}

TEST(LabelNoise, LeavesEachClassAnImageOfItsOwn) {
  FewShotDraw draw = even_draw(3, 2);
  EXPECT_EQ(change_draw(draw, classes_of(3), 2, 1, noise("symmetric:0.9")).size(), 3U);
  FewShotDraw single = even_draw(3, 1);
  EXPECT_TRUE(change_draw(single, classes_of(3), 1, 1, noise("symmetric:0.9")).empty());
  FewShotDraw alone = even_draw(1, 4);
  EXPECT_TRUE(change_draw(alone, classes_of(1), 4, 1, noise("symmetric:0.9")).empty()) << "nowhere to go";
}

TEST(Imbalance, KeepsFewerImagesTheLaterTheClass) {
  FewShotDraw draw = even_draw(5, 16);
  const FewShotDraw even = draw;
  change_draw(draw, classes_of(5), 16, 1, {.imbalance = 10});
  // 16, 16 / 10^(1/4) = 8.997, 16 / 10^(1/2) = 5.06, 2.85, 1.6
  EXPECT_EQ(counts(draw, 5), (std::vector<int64_t>{16, 9, 5, 3, 2}));
  EXPECT_EQ(draw.val, even.val);
  EXPECT_EQ(draw.train[16], even.train[16]) << "the first of what was drawn are kept";
  EXPECT_EQ(draw.train[25], even.train[32]);
}

TEST(Imbalance, LeavesEachClassAnImage) {
  FewShotDraw draw = even_draw(3, 4);
  change_draw(draw, classes_of(3), 4, 1, {.imbalance = 100});
  EXPECT_EQ(counts(draw, 3), (std::vector<int64_t>{4, 1, 1}));
  FewShotDraw alone = even_draw(1, 4);
  change_draw(alone, classes_of(1), 4, 1, {.imbalance = 100});
  EXPECT_EQ(alone, even_draw(1, 4));
}

TEST(Imbalance, ComesBeforeNoise) {
  FewShotDraw draw = even_draw(5, 16);
  const auto flips = change_draw(draw, classes_of(5), 16, 1,
                                 {.noise = LabelNoise{NoiseKind::symmetric, 0.5}, .imbalance = 10});
  EXPECT_EQ(draw.train.size(), 35U);
  std::vector<int64_t> of_class(5);
  for (const Flip& flip : flips) ++of_class[static_cast<size_t>(flip.label)];
  EXPECT_EQ(of_class, (std::vector<int64_t>{8, 5, 3, 2, 1})) << "halves of 16, 9, 5, 3 and 2, rounded";
}

TEST(DrawChanges, AreSaidAsTheyAreTyped) {
  EXPECT_EQ(DrawChanges().options(), "");
  EXPECT_EQ(DrawChanges({.imbalance = 2.5}).options(), "--imbalance 2.5");
  EXPECT_EQ(DrawChanges({.noise = LabelNoise{NoiseKind::asymmetric, 0.2}, .imbalance = 10}).options(),
            "--imbalance 10 --label-noise asymmetric:0.2");
  for (const double wrong : {1.0, 0.5, -3.0, 2e6})
    EXPECT_ERROR(check_imbalance(wrong, "--imbalance"), "give a number above 1, up to 1000000");
}

}  // namespace
}  // namespace promptbed
