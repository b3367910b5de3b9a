#include <ATen/Context.h>
#include <gtest/gtest.h>

#include "base/blas.h"

namespace promptbed {
namespace {

/// LibTorch seeds itself from the clock: a test on random numbers would be another one each time, and fail
/// once in a hundred where its bound is close to rounding. Each begins with the same ones.
class SeedEachTest : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo&) override { at::manual_seed(1); }
};

}  // namespace
}  // namespace promptbed

int main(int count, char** words) {
  promptbed::restart_with_suitable_kernels(words);  // as runner does, whose numbers are compared
  testing::InitGoogleTest(&count, words);
  testing::UnitTest::GetInstance()->listeners().Append(new promptbed::SeedEachTest);  // which owns it
  return RUN_ALL_TESTS();
}
