#include "base/blas.h"

#include <gtest/gtest.h>

#include "base/machine.h"

namespace promptbed {
namespace {

TEST(Blas, HasKernelsForEveryProcessorWithAvx2) {
  EXPECT_EQ(suitable_kernels() == "SkylakeX", has_avx512());
  EXPECT_EQ(suitable_kernels().empty(), !has_avx2());
}

TEST(Blas, OnlyTheLastResortsOfOpenBlasAreOutdated) {
  for (const char* last_resort : {"Prescott", "Barcelona"})
    EXPECT_EQ(are_outdated(last_resort), has_avx2()) << last_resort;
  for (const char* chosen : {"Haswell", "Zen", "Cooperlake", "SkylakeX", "neoversen1", ""})
    EXPECT_FALSE(are_outdated(chosen)) << chosen;
}

TEST(Blas, IsNamedWithItsKernels) {
  EXPECT_EQ(to_string(Blas{"openblas-openmp/libblas.so.3", "Haswell"}),
            "openblas-openmp/libblas.so.3 (Haswell)");
  EXPECT_EQ(to_string(Blas{"lib/libmkl_rt.so.2", ""}), "lib/libmkl_rt.so.2");
}

}  // namespace
}  // namespace promptbed
