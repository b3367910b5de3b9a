#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <promptbed/error.h>

#include "base/files.h"
#include "clip/checkpoints/safetensors.h"
#include "clip/checkpoints/tensor_file.h"
#include "clip/checkpoints/torch_files.h"
#include "features/feature_file.h"
#include "features/small_table.h"
#include "support/mutations.h"
#include "support/scratch.h"

/// The readers that clang cannot compile for libFuzzer, because they see LibTorch, fed with damaged files of
/// ours. PROMPTBED_MUTATIONS=1000000 build/release/tensors_tests --gtest_filter=Mutations* feeds them for an
/// hour.
namespace promptbed {
namespace {

/// Reads damaged copies of a file: each is read, or refused by an Error of one line that names the file.
template <class Read>
void expect_no_harm(const std::filesystem::path& path, const Read& read) {
  const std::string whole = read_file(path);
  int refused = 0;
  for (uint32_t seed = 0; seed < test::mutation_count(); ++seed) {
    SCOPED_TRACE(seed);
    write_file(path, test::Mutator(seed).damaged(whole));
    try {
      read();
    } catch (const Error& fault) {
      const std::string message = fault.what();
      EXPECT_NE(message.find(path.filename().string()), std::string::npos) << message;
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

double sum_of(const std::map<std::string, Tensor>& tensors) {
  double sum = 0;
  for (const auto& [name, tensor] : tensors) sum += tensor.to(at::kDouble).sum().item<double>();
  return sum;
}

class Mutations : public testing::Test {
 protected:
  test::ScratchFolder scratch_;
};

TEST_F(Mutations, OfACacheDoNoHarm) {
  const auto path = scratch_ / "pets.h5";
  write_feature_file(path, test::small_key(StoredType::f32), test::small_table(50));
  const auto sum = [&] { return FeatureFile(path).features().to(at::kDouble).sum().item<double>(); };
  expect_no_harm(path, [&, expected = sum()] { EXPECT_EQ(sum(), expected); });
}

TEST_F(Mutations, OfASealedFileDoNoHarm) {
  const auto path = scratch_ / "pets.h5";
  FeatureTable table = test::small_table(50);
  table.features = table.features.to(at::kHalf);
  write_feature_file(path, test::small_key(), table, FileKind::sealed);
  const auto sum = [&] { return FeatureFile(path).features().to(at::kDouble).sum().item<double>(); };
  expect_no_harm(path, [&, expected = sum()] { EXPECT_EQ(sum(), expected); });
}

TEST_F(Mutations, OfSafetensorsDoNoHarm) {
  const auto path = scratch_ / "a.safetensors";
  write_safetensors(
      path, {{"x", at::ones({4, 3})}, {"y", at::zeros({7}, at::kHalf)}, {"z", at::ones({}, at::kLong)}},
      {{"k", "v"}});
  expect_no_harm(path, [&] { sum_of(read_safetensors(path).tensors); });
}

TEST_F(Mutations, OfATorchArchiveDoNoHarm) {
  const auto path = scratch_ / "a.pt";
  write_torch_file(path, {{"state_dict", TorchDict{{"x", at::ones({4, 3})}, {"y", at::zeros({7})}}},
                          {"epoch", int64_t{3}}});
  expect_no_harm(path, [&] { sum_of(read_tensor_file(path)); });
}

}  // namespace
}  // namespace promptbed
