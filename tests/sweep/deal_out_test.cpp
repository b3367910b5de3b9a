#include "sweep/deal_out.h"

#include <gtest/gtest.h>

namespace promptbed {
namespace {

using Parts = std::vector<size_t>;

TEST(DealOut, GivesTheDearestFirstToThePartThatHasLeast) {
  EXPECT_EQ(deal_out(std::vector<int64_t>{1, 9, 4, 5}, 2), (Parts{0, 0, 1, 1}));
  EXPECT_EQ(deal_out(std::vector<int64_t>{3, 3, 3, 3}, 3), (Parts{0, 1, 2, 0}));
  EXPECT_EQ(deal_out(std::vector<int64_t>{7}, 3), Parts{0});
  EXPECT_TRUE(deal_out(std::vector<int64_t>{}, 3).empty());
}

}  // namespace
}  // namespace promptbed
