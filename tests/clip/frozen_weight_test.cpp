#include "clip/towers/frozen_weight.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "base/machine.h"
#include "clip/towers/packed_weight.h"
#include "support/relative_difference.h"

namespace promptbed {
namespace {

using test::relative_difference;

/// Every kernel gives the product, also those that are slow on the processor at hand.
class FrozenWeightKernel : public ::testing::TestWithParam<ProductKernel> {
 protected:
  /// What the factors are before they are multiplied.
  static Tensor factor(const Tensor& x) { return x.to(factor_type(GetParam())).to(torch::kFloat); }

  /// LibTorch's bf16 operators also round their result, to 8 binary digits; packed weights give sums in f32.
  double tolerance() const {
    return GetParam() == ProductKernel::bf16 && pack(weight_, bias_) == nullptr ? 0.005 : 1e-6;
  }

  const Tensor weight_ = at::randn({24, 40}), bias_ = at::randn({24}), x_ = at::randn({3, 7, 40});
};

TEST_P(FrozenWeightKernel, MultipliesRowsAndAddsTheBias) {
  const Tensor product = at::matmul(factor(x_), factor(weight_).t());
  EXPECT_LT(relative_difference(FrozenWeight(weight_, bias_, GetParam()).multiply(x_), product + bias_),
            tolerance());
  EXPECT_LT(relative_difference(FrozenWeight(weight_, Tensor(), GetParam()).multiply(x_), product),
            tolerance());
}

TEST_P(FrozenWeightKernel, AddsTheProductToWhatThereIs) {
  const Tensor y = at::randn({3, 7, 24}), before = y.clone();
  const FrozenWeight weight(weight_, bias_, GetParam());
  EXPECT_LT(relative_difference(weight.added(y, x_), y + weight.multiply(x_)), 1e-6);
  EXPECT_TRUE(at::equal(y, before));
}

TEST_P(FrozenWeightKernel, MultipliesGradientsTheOtherWay) {
  const Tensor gradient = at::randn({3, 7, 24});
  const FrozenWeight backward = FrozenWeight(weight_, bias_, GetParam()).for_gradients(weight_);
  EXPECT_LT(relative_difference(backward.multiply(gradient), at::matmul(factor(gradient), factor(weight_))),
            tolerance());
}

TEST_P(FrozenWeightKernel, TakesRowsThatLieApart) {
  const FrozenWeight weight(weight_, bias_, GetParam());
  const Tensor apart = at::cat({x_, x_}, -1).narrow(-1, 0, 40);
  EXPECT_TRUE(at::equal(weight.multiply(apart), weight.multiply(x_)));
}

TEST_P(FrozenWeightKernel, TakesAnyNumberOfRows) {
  const FrozenWeight weight(weight_, bias_, GetParam());
  for (const int64_t rows : {0, 1, 5, 300}) {
    const Tensor x = at::randn({rows, 40}), product = weight.multiply(x);
    ASSERT_EQ(product.sizes(), at::IntArrayRef({rows, 24}));
    if (rows == 0) continue;
    const Tensor expected = at::matmul(factor(x), factor(weight_).t()) + bias_;
    EXPECT_LT(relative_difference(product, expected), tolerance());
  }
}

TEST_P(FrozenWeightKernel, TakesAWeightInHalfPrecision) {
  const FrozenWeight half(weight_.to(torch::kHalf), bias_.to(torch::kHalf), GetParam());
  const FrozenWeight same(weight_.to(torch::kHalf).to(torch::kFloat),
                          bias_.to(torch::kHalf).to(torch::kFloat), GetParam());
  EXPECT_TRUE(at::equal(half.multiply(x_), same.multiply(x_)));
}

INSTANTIATE_TEST_SUITE_P(Kernels, FrozenWeightKernel,
                         ::testing::Values(ProductKernel::blas, ProductKernel::bf16,
                                           ProductKernel::rounded_bf16, ProductKernel::rounded_f16),
                         [](const auto& test) {
                           switch (test.param) {
                             case ProductKernel::blas:
                               return "Blas";
                             case ProductKernel::bf16:
                               return "Bf16";
                             case ProductKernel::rounded_bf16:
                               return "RoundedBf16";
                             default:  // f16 is for GPUs: processors may have no such products
                               return "RoundedF16";
                           }
                         });

/// The oneDNN that LibTorch has loaded says whether there is one to call, and not how this was built.
TEST(PackedWeight, IsThereWhereverProcessorAndLibTorchAllowIt) {
  std::ifstream maps("/proc/self/maps");
  const std::string loaded{std::istreambuf_iterator<char>(maps), {}};
  const bool has_onednn = loaded.find("/libdnnl.so") != std::string::npos;
  EXPECT_EQ(pack(at::randn({24, 40}), Tensor()) != nullptr, has_onednn && has_bf16_products());
}

TEST(PackedWeight, IsForProcessorsAlone) {
  EXPECT_EQ(pack(at::empty({24, 40}, at::device(at::kMeta)), Tensor()), nullptr);
}

TEST(KernelFor, F16MultipliesItselfOnGpusAlone) {
  EXPECT_EQ(kernel_for({torch::kCUDA, Precision::f16}), ProductKernel::f16);
  EXPECT_EQ(kernel_for({torch::kCPU, Precision::f16}), ProductKernel::rounded_f16);
  EXPECT_EQ(kernel_for({torch::kCUDA, Precision::bf16}), ProductKernel::bf16);
  for (const Precision precision : {Precision::f32, Precision::tf32})
    EXPECT_EQ(kernel_for({torch::kCUDA, precision}), ProductKernel::blas);
}

}  // namespace
}  // namespace promptbed
