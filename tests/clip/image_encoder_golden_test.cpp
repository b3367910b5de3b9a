#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "clip/checkpoint.h"
#include "clip/image_encoder.h"
#include "clip/safetensors.h"
#include "support/golden.h"

namespace promptbed {
namespace {

double relative_difference(const Tensor& a, const Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

TEST(GoldenImageEncoder, VisionTransformerGivesTheReferencesFeatures) {
  const auto folder = test::golden_folder() / "clip_vit";
  const auto io = read_safetensors(folder / "io.safetensors").tensors;
  const auto encoder = make_image_encoder(load_checkpoint(folder / "hf"), {});
  EXPECT_EQ(encoder->resolution(), io.at("image").size(-1));
  EXPECT_LT(relative_difference(encoder->encode(io.at("image")), io.at("image_features")), 1e-5);
}

}  // namespace
}  // namespace promptbed
