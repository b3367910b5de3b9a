#include "base/utc.h"

#include <gtest/gtest.h>

namespace promptbed {
namespace {

TEST(Utc, IsReadAsTheLedgerWritesIt) {
  EXPECT_EQ(seconds_since_1970("1970-01-02T00:00:01Z"), 86401);
  EXPECT_DOUBLE_EQ(seconds_since_1970("2026-11-28T06:33:18.720Z").value(), 1795847598.72);
  EXPECT_EQ(seconds_since_1970(""), std::nullopt);
  EXPECT_EQ(seconds_since_1970("yesterday"), std::nullopt);
}

}  // namespace
}  // namespace promptbed
