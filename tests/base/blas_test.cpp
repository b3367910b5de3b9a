#include "base/blas.h"

#include <gtest/gtest.h>

#include "base/machine.h"

namespace promptbed {
namespace {

TEST(Blas, FallsBackToKernelsWithoutAvx) {
  for (const char* without : {"Prescott", "Nehalem", "Barcelona"})
    EXPECT_EQ(are_fallback(without), has_avx2()) << without;
  for (const char* chosen : {"Sandybridge", "Haswell", "Zen", "Cooperlake", "SkylakeX", "neoversen1", ""})
    EXPECT_FALSE(are_fallback(chosen)) << chosen;
  EXPECT_FALSE(are_fallback(suitable_kernels()));
}

TEST(Blas, IsNamedWithItsKernels) {
  EXPECT_EQ(to_string(Blas{"openblas-openmp/libblas.so.3", "Haswell"}),
            "openblas-openmp/libblas.so.3 (Haswell)");
  EXPECT_EQ(to_string(Blas{"lib/libmkl_rt.so.2", ""}), "lib/libmkl_rt.so.2");
}

}  // namespace
}  // namespace promptbed
