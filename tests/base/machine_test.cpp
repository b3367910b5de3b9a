#include "base/machine.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace promptbed {
namespace {

TEST(Machine, HasAProcessorWithAName) {
  EXPECT_FALSE(processor_name().empty());
  EXPECT_EQ(processor_name().find('\n'), std::string::npos);
}

TEST(Machine, NamesAProcessorByItsNumbers) {
  const auto name_in = [](const std::string& cpuinfo) {
    std::istringstream in(cpuinfo);
    return processor_name_in(in);
  };
  EXPECT_EQ(
      name_in("processor\t: 0\ncpu family\t: 6\nmodel\t\t: 207\nmodel name\t: Intel(R) Xeon(R) Processor\n"
              "power management:\n\nprocessor\t: 1\nmodel\t\t: 1\n"),
      "Intel(R) Xeon(R) Processor (family 6, model 207)");
  EXPECT_EQ(name_in("cpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC 9B14\n"), "AMD EPYC 9B14");
  EXPECT_EQ(name_in("model name\t: Some Processor\n"), "Some Processor");
  EXPECT_EQ(name_in("processor\t: 0\nBogoMIPS\t: 50.00\n"), "unknown");
  EXPECT_EQ(name_in(": no name\n"), "unknown");
  EXPECT_EQ(name_in(""), "unknown");
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
