#include "clip/towers/arithmetic.h"

#include <ATen/Context.h>
#include <gtest/gtest.h>
#include <torch/version.h>

namespace promptbed {
namespace {

TEST(Arithmetic, ProductsAreRoundedOnlyIfThatIsAskedFor) {
  const at::Context& context = at::globalContext();
  settle_arithmetic({.precision = Precision::tf32});
  EXPECT_TRUE(context.allowTF32CuBLAS() && context.allowTF32CuDNN());
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::f16}) {
    settle_arithmetic({.precision = precision});
    EXPECT_FALSE(context.allowTF32CuBLAS() || context.allowTF32CuDNN());
  }
}

#if TORCH_VERSION_MAJOR == 1
TEST(Arithmetic, ProductsOfF16AreSummedInF32) {
  at::globalContext().setAllowFP16ReductionCuBLAS(true);
  settle_arithmetic({.precision = Precision::f16});
  EXPECT_FALSE(at::globalContext().allowFP16ReductionCuBLAS());
}
#endif

}  // namespace
}  // namespace promptbed
