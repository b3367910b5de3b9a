#include "base/machine.h"

#include <gtest/gtest.h>

#include <vector>

namespace promptbed {
namespace {

TEST(Machine, HasAProcessorWithAName) {
  EXPECT_FALSE(processor_name().empty());
  EXPECT_EQ(processor_name().find('\n'), std::string::npos);
}

TEST(Machine, ABf16ProcessorHasAvx512) {
  EXPECT_TRUE(has_avx512() || !has_bf16_products());
}

TEST(Machine, MeasuresThePeakOfMemoryFromTheResetOn) {
  constexpr int64_t kMegabyte = 1 << 20;
  reset_peak_memory();
  const int64_t before = peak_memory();
  EXPECT_GT(before, kMegabyte);
  { const std::vector<char> large(64 * kMegabyte, 'x'); }
  EXPECT_GT(peak_memory(), before + 32 * kMegabyte);
}

}  // namespace
}  // namespace promptbed
