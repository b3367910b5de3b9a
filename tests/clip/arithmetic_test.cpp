#include "clip/towers/arithmetic.h"

#include <ATen/Context.h>
#include <gtest/gtest.h>

namespace promptbed {
namespace {

TEST(Arithmetic, ProductsAreRoundedOnlyIfThatIsAskedFor) {
  const at::Context& context = at::globalContext();
  settle_arithmetic({.precision = Precision::tf32});
  EXPECT_TRUE(context.allowTF32CuBLAS() && context.allowTF32CuDNN());
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    settle_arithmetic({.precision = precision});
    EXPECT_FALSE(context.allowTF32CuBLAS() || context.allowTF32CuDNN());
  }
}

}  // namespace
}  // namespace promptbed
