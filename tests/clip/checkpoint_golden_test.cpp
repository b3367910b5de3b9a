#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "clip/checkpoints/safetensors.h"
#include "clip/model.h"
#include "clip/towers/text_transformer.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/golden_clip.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr double kTolerance = 1e-5;

fs::path vit_folder() {
  return test::golden_folder() / "clip_vit";
}

double relative_difference(const Tensor& a, const Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

/// The model in one of the forms; those that do not tell their activation are told the reference's.
ClipModel load(const fs::path& path) {
  const bool tells = fs::is_directory(path) || path.filename().string().starts_with("openai_jit");
  return ClipModel::load(path, tells ? std::nullopt : std::optional(Activation::quick_gelu));
}

/// Text features [N, D] of rows of token ids [N, 77], whose largest one is the end of text.
Tensor encode(const TextTransformer& encoder, const Tensor& tokens) {
  PromptBatch prompts;
  std::vector<int64_t> suffix;
  for (const Tensor& row : tokens.to(at::kLong).unbind()) {
    const auto end = row.argmax().item<int64_t>();
    const Tensor ids = row.narrow(0, 1, end).contiguous();
    suffix.insert(suffix.end(), ids.data_ptr<int64_t>(), ids.data_ptr<int64_t>() + end);
    prompts.suffix_lengths.push_back(end);
  }
  const auto start = tokens[0][0].item<int64_t>();
  prompts.prefix = encoder.embed(std::span(&start, 1)).unsqueeze(0);
  prompts.suffix = encoder.embed(suffix);
  return encoder.encode(prompts).squeeze(0);
}

class GoldenCheckpoint : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!fs::exists(path())) GTEST_SKIP() << path() << " is not there; set PROMPTBED_GOLDEN";
  }

  fs::path path() const { return vit_folder() / GetParam(); }
};

TEST_P(GoldenCheckpoint, IsTheReferencesModel) {
  const at::NoGradGuard no_grad;
  const auto io = read_safetensors(vit_folder() / "io.safetensors").tensors;
  const ClipModel model = load(path());
  EXPECT_EQ(model.fingerprint(), load(vit_folder() / "hf").fingerprint());
  const Placement placement{.device = test::golden_device()};
  const auto encoder = model.make_image_encoder(placement);
  EXPECT_EQ(encoder->resolution(), io.at("image").size(-1));
  const Tensor images = encoder->encode(io.at("image").to(placement.device)).cpu();
  EXPECT_LT(relative_difference(images, io.at("image_features")), kTolerance);
  const Tensor texts = encode(TextTransformer(model.checkpoint(), placement), io.at("tokens")).cpu();
  EXPECT_LT(relative_difference(texts, io.at("text_features")), kTolerance);
  const Tensor logits = model.logit_scale() * normalised(images).mm(normalised(texts).t());
  EXPECT_LT(relative_difference(logits, io.at("logits_per_image")), kTolerance);
}

INSTANTIATE_TEST_SUITE_P(Forms, GoldenCheckpoint,
                         ::testing::Values("hf", "openai_jit_f16.pt", "state_dict.pt",
                                           "state_dict_ordered.pt", "wrapped.pt"),
                         [](const auto& form) { return fs::path(form.param).stem().string(); });

TEST(GoldenModifiedResNet, GivesTheReferencesFeatures) {
  const fs::path folder = test::golden_folder() / "clip_rn";
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not there; set PROMPTBED_GOLDEN";
  const auto io = read_safetensors(folder / "io.safetensors").tensors;
  const ClipModel model = load(folder / "state_dict.pt");
  EXPECT_EQ(model.preprocessing().size, io.at("image").size(-1));
  const Placement placement{.device = test::golden_device()};
  const Tensor images =
      model.make_image_encoder(placement)->encode(io.at("image").to(placement.device)).cpu();
  EXPECT_LT(relative_difference(images, io.at("image_features")), kTolerance);
}

TEST(GoldenModifiedResNet, StaysNearThemIn16Bits) {
  const fs::path folder = test::golden_folder() / "clip_rn";
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not there; set PROMPTBED_GOLDEN";
  const auto io = read_safetensors(folder / "io.safetensors").tensors;
  const ClipModel model = load(folder / "state_dict.pt");
  for (const auto& [precision, tolerance] : {std::pair(Precision::bf16, 0.05), {Precision::f16, 0.005}}) {
    const Placement placement{.device = test::golden_device(), .precision = precision};
    const Tensor images =
        model.make_image_encoder(placement)->encode(io.at("image").to(placement.device)).cpu();
    EXPECT_LT(relative_difference(images, io.at("image_features")), tolerance);
    EXPECT_GT(relative_difference(images, io.at("image_features")), kTolerance) << "rounded nothing";
  }
}

TEST(GoldenLegacyCheckpoint, IsRefusedWithTheRemedy) {
  const fs::path path = vit_folder() / "legacy.pt";
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there; set PROMPTBED_GOLDEN";
  EXPECT_ERROR(load(path), "load it with a current torch.load and save it again with torch.save");
}

}  // namespace
}  // namespace promptbed
