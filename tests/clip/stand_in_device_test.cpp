#include "clip/towers/stand_in_device.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace promptbed {
namespace {

const std::optional<torch::Device> kStandIn = stand_in_device();  // asked for before any backward pass

class StandInDevice : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!kStandIn) GTEST_SKIP() << "LibTorch 2 has no device that stands in for a GPU";
    there_ = x_.to(*kStandIn);
  }

  const Tensor x_ = at::arange(6, torch::kFloat).view({2, 3});
  Tensor there_;
};

TEST_F(StandInDevice, ComputesWhatTheCpuDoes) {
  EXPECT_EQ(there_.device(), *kStandIn);
  EXPECT_EQ((there_ * 2).device(), *kStandIn);
  EXPECT_TRUE(at::equal((there_ * 2 + there_).cpu(), 3 * x_));
  EXPECT_TRUE(at::equal(at::matmul(there_, there_.t()).cpu(), at::matmul(x_, x_.t())));
  EXPECT_TRUE(at::equal(at::cat({there_, there_}).cpu(), at::cat({x_, x_})));
  EXPECT_EQ(there_.sum().item<float>(), 15);
}

TEST_F(StandInDevice, Convolves) {
  const Tensor images = at::arange(2 * 3 * 5 * 5, torch::kFloat).view({2, 3, 5, 5}).div_(100);
  const Tensor weight = at::arange(4 * 3 * 3 * 3, torch::kFloat).view({4, 3, 3, 3}).div_(100);
  const Tensor bias = at::arange(4, torch::kFloat);
  const auto there = [](const Tensor& x) { return x.to(*kStandIn); };
  EXPECT_TRUE(
      at::equal(at::conv2d(there(images), there(weight), {}, 2).cpu(), at::conv2d(images, weight, {}, 2)));
  EXPECT_TRUE(at::equal(at::conv2d(there(images), there(weight), there(bias)).cpu(),
                        at::conv2d(images, weight, bias)));
  EXPECT_THROW(at::conv2d(there(images), weight), std::exception);
}

TEST_F(StandInDevice, LetsViewsShareMemory) {
  const Tensor copy = there_.clone();
  copy.select(1, 0).fill_(7);
  copy.narrow(1, 1, 1).add_(1);
  EXPECT_TRUE(at::equal(copy.cpu(), torch::tensor({{7.F, 2.F, 2.F}, {7.F, 5.F, 5.F}})));
  EXPECT_TRUE(at::equal(there_.cpu(), x_));
}

TEST_F(StandInDevice, KeepsOffsetsAndStrides) {
  const Tensor rest = there_.narrow(0, 1, 1), own = x_.narrow(0, 1, 1);
  EXPECT_TRUE(at::equal(rest.as_strided({2}, {1}, 1).cpu(), own.as_strided({2}, {1}, 1)));
  EXPECT_TRUE(at::equal((rest.t() * 2).cpu(), own.t() * 2));
  EXPECT_EQ(rest.storage_offset(), own.storage_offset());
}

TEST_F(StandInDevice, OutlivesWhatItWasMadeFrom) {
  Tensor row = x_.to(*kStandIn).select(0, 1);
  EXPECT_TRUE(at::equal(row.cpu(), x_.select(0, 1)));
}

TEST_F(StandInDevice, Differentiates) {
  Tensor leaf = there_.clone().requires_grad_();
  (leaf.softmax(-1) * leaf).sum().backward();
  Tensor own = x_.clone().requires_grad_();
  (own.softmax(-1) * own).sum().backward();
  EXPECT_EQ(leaf.grad().device(), *kStandIn);
  EXPECT_TRUE(at::equal(leaf.grad().cpu(), own.grad()));
}

TEST_F(StandInDevice, RefusesTensorsOfTheCpu) {
  EXPECT_THROW(there_ + x_, std::exception);
  EXPECT_THROW(there_.index_select(0, torch::tensor({1})), std::exception);
  EXPECT_THROW(at::cat({there_, x_}), std::exception);
  EXPECT_THROW(at::empty_like(there_).normal_(0, 1, at::detail::createCPUGenerator(1)), std::exception);
  EXPECT_THROW(at::matmul(there_, x_.t()), std::exception);
  EXPECT_EQ((there_ * torch::tensor(2.F)).device(), *kStandIn) << "single numbers may come from the CPU";
}

TEST_F(StandInDevice, CountsHowOftenTheCpuWaits) {
  const auto waits_in = [](const auto& work) {
    const int64_t before = waits_for_stand_in_device();
    work();
    return waits_for_stand_in_device() - before;
  };
  const Tensor mask = there_ > 2;
  EXPECT_EQ(waits_in([&] { (x_.to(*kStandIn, /*non_blocking=*/true) + 1).matmul(there_.t()).softmax(-1); }),
            0);
  EXPECT_EQ(waits_in([&] { at::where(mask, there_, -there_).argmax(-1); }), 0);
  EXPECT_EQ(waits_in([&] { x_.to(*kStandIn); }), 1);
  EXPECT_EQ(waits_in([&] { there_.index({mask}); }), 1);
  EXPECT_EQ(waits_in([&] { there_.cpu(); }), 1);
  EXPECT_EQ(waits_in([&] { there_.sum().item<float>(); }), 1);
  EXPECT_EQ(waits_in([&] { there_.nonzero(); }), 1);
  EXPECT_EQ(waits_in([&] { (void)at::equal(there_, there_); }), 1);
}

TEST_F(StandInDevice, RepeatsWhatItRecorded) {
  const Tensor input = there_.clone(), count = at::zeros({}, input.options());
  Tensor weight = at::ones({3}, input.options()).requires_grad_(), sum;
  const auto again = recorded_on_stand_in_device([&] {
    count.add_(1);
    const Tensor rows = at::cat({input, 2 * input}).view({2, 6}).t().contiguous();  // views and copies
    sum = rows.sum() * count;
    (input * weight).sum().backward();
  });
  EXPECT_EQ(sum.item<float>(), 45) << "it was done";
  EXPECT_TRUE(at::equal(weight.grad().cpu(), x_.sum(0)));

  input.add_(1);
  again();
  EXPECT_EQ(count.item<float>(), 2);
  EXPECT_EQ(sum.item<float>(), 2 * 63) << "on the memory as it is now";
  EXPECT_TRUE(at::equal(weight.grad().cpu(), (x_ + 1).sum(0)));
}

TEST_F(StandInDevice, RecordsConvolutions) {
  const Tensor images = at::arange(2 * 3 * 5 * 5, torch::kFloat).view({2, 3, 5, 5}).div_(100).to(*kStandIn);
  const Tensor weight = at::arange(4 * 3 * 3 * 3, torch::kFloat).view({4, 3, 3, 3}).div_(100).to(*kStandIn);
  Tensor result;
  const auto again = recorded_on_stand_in_device([&] { result = at::conv2d(images, weight); });
  images.mul_(2);
  again();
  EXPECT_TRUE(at::equal(result.cpu(), at::conv2d(images, weight).cpu()));
}

// As CUDA graphs do not.
TEST_F(StandInDevice, RecordsNothingThatTheCpuHasAPartIn) {
  const auto refusal = [](const std::function<void()>& work) -> std::string {
    try {
      recorded_on_stand_in_device(work);
    } catch (const std::runtime_error& fault) {
      return fault.what();
    }
    return "it was recorded";
  };
  EXPECT_EQ(refusal([&] { there_.sum().item<float>(); }),
            "aten::_local_scalar_dense makes the CPU wait for the device in a recorded step");
  for (const auto& copy : std::vector<std::function<void()>>{[&] { x_.to(*kStandIn, /*non_blocking=*/true); },
                                                             [&] { there_.cpu(); }})
    EXPECT_EQ(refusal(copy), "a recorded step copies between the CPU and the device");
  EXPECT_EQ(there_.sum().item<float>(), 15) << "nothing is recorded any more";
}

}  // namespace
}  // namespace promptbed
