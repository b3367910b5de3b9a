#include "data/draws/python_random.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace promptbed {
namespace {

// The numbers on the right are what Python 3.11 prints.

TEST(PythonRandom, SeedsAsPython) {
  EXPECT_EQ(PythonRandom(1).bits(32), 577090037U);
  EXPECT_EQ(PythonRandom(-7).bits(32), 1390851128U);
  EXPECT_EQ(PythonRandom((int64_t{1} << 40) + 5).bits(32), 2166296868U);
}

TEST(PythonRandom, SamplesFromAPoolAsPython) {
  EXPECT_EQ(PythonRandom(1).sample(10, 3), (std::vector<size_t>{2, 1, 4}));
}

TEST(PythonRandom, SamplesWithASetOfThePicksAsPython) {
  PythonRandom random(1);
  random.sample(10, 3);
  EXPECT_EQ(random.sample(1000, 6), (std::vector<size_t>{120, 507, 779, 460, 483, 667}));
  EXPECT_EQ(random.bits(32), 1630434966U);
}

TEST(PythonRandom, ShufflesAsPython) {
  EXPECT_EQ(PythonRandom(1).shuffled(8), (std::vector<size_t>{3, 6, 1, 5, 7, 0, 4, 2}));
  EXPECT_TRUE(PythonRandom(1).shuffled(0).empty());
}

TEST(PythonRandom, AWholeSampleIsAPermutation) {
  std::vector<size_t> all = PythonRandom(3).sample(700, 700);
  std::sort(all.begin(), all.end());
  for (size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], i);
}

}  // namespace
}  // namespace promptbed
