#include "clip/model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "clip/mini_clip.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

class MiniClip : public ::testing::Test {
 protected:
  MiniClip() { test::write_mini_clip(scratch_.path()); }

  test::ScratchFolder scratch_;
};

TEST_F(MiniClip, TellsItsSizes) {
  const ClipModel model = ClipModel::load(scratch_.path());
  EXPECT_EQ(model.embedding_width(), 4);
  EXPECT_EQ(model.context_length(), 6);
  EXPECT_DOUBLE_EQ(model.logit_scale(), std::exp(2.5));
  EXPECT_EQ(model.preprocessing().size, 8);
  EXPECT_FLOAT_EQ(model.preprocessing().mean[0], 0.48145466f);
}

TEST_F(MiniClip, FingerprintTellsWeightsAndPreprocessing) {
  const std::string fingerprint = ClipModel::load(scratch_.path()).fingerprint();
  EXPECT_EQ(ClipModel::load(scratch_.path()).fingerprint(), fingerprint);
  write_file(scratch_ / "preprocessor_config.json",
             R"({"image_mean": [0.5, 0.5, 0.5], "image_std": [1, 1, 1]})");
  EXPECT_NE(ClipModel::load(scratch_.path()).fingerprint(), fingerprint);
}

TEST_F(MiniClip, EncodesEachImageByItself) {
  const ClipModel model = ClipModel::load(scratch_.path());
  const auto encoder = model.make_image_encoder({});
  const Tensor pixels = at::linspace(-1, 1, 3 * 3 * 8 * 8).sin().view({3, 3, 8, 8});
  const Tensor features = encoder->encode(pixels);
  EXPECT_EQ(features.sizes(), at::IntArrayRef({3, 4}));
  EXPECT_FALSE(features.requires_grad());
  EXPECT_TRUE(at::allclose(features[1], encoder->encode(pixels.narrow(0, 1, 1))[0], 1e-5, 1e-6));
}

TEST_F(MiniClip, TypesOf16BitsStayNearF32) {
  const ClipModel model = ClipModel::load(scratch_.path());
  const Tensor pixels = at::linspace(-1, 1, 3 * 8 * 8).sin().view({1, 3, 8, 8});
  const Tensor exact = model.make_image_encoder({})->encode(pixels);
  for (const auto& [precision, tolerance] : {std::pair(Precision::bf16, 0.05), {Precision::f16, 0.005}}) {
    const Tensor rough = model.make_image_encoder({torch::kCPU, precision})->encode(pixels);
    EXPECT_EQ(rough.scalar_type(), at::kFloat);
    EXPECT_FALSE(at::equal(rough, exact));
    EXPECT_TRUE(at::allclose(rough, exact, 0, tolerance * exact.abs().max().item<double>()));
  }
}

TEST_F(MiniClip, ReadsEverySpellingOfTheSizes) {
  for (const char* size : {"8", R"({"shortest_edge": 8})", R"({"height": 8, "width": 8})"}) {
    write_file(
        scratch_ / "preprocessor_config.json",
        std::string(R"({"image_mean": [0.1, 0.2, 0.3], "image_std": [1, 2, 3], "size": )") + size + "}");
    const Preprocessing preprocessing = ClipModel::load(scratch_.path()).preprocessing();
    EXPECT_EQ(preprocessing.size, 8);
    EXPECT_FLOAT_EQ(preprocessing.mean[2], 0.3f);
    EXPECT_FLOAT_EQ(preprocessing.std[1], 2);
  }
}

TEST_F(MiniClip, RefusesPreprocessingThatDoesNotFit) {
  const auto path = scratch_ / "preprocessor_config.json";
  write_file(path, R"({"crop_size": 224})");
  EXPECT_ERROR(ClipModel::load(scratch_.path()), "crop_size is 224; the weights need 8");
  write_file(path, R"({"size": {"height": 8, "width": 9}})");
  EXPECT_ERROR(ClipModel::load(scratch_.path()), "; the weights need 8");
  write_file(path, R"({"image_mean": [0.5]})");
  EXPECT_ERROR(ClipModel::load(scratch_.path()), "image_mean is [0.5]; it should be three numbers");
}

TEST_F(MiniClip, AsksForMergesOnlyWhenTheyAreNeeded) {
  EXPECT_EQ(ClipModel::load(scratch_.path()).tokenizer()->end_of_text(), 516);
  write_file(scratch_ / "merges.txt", "#version: 0.2\na b\n");
  EXPECT_ERROR(ClipModel::load(scratch_.path()).tokenizer(), "make 515 tokens and the weights have 517");
  std::filesystem::remove(scratch_ / "merges.txt");
  const ClipModel model = ClipModel::load(scratch_.path());
  EXPECT_ERROR(model.tokenizer(), "no merges.txt, tokenizer.json or bpe_simple_vocab_16e6.txt.gz");
}

}  // namespace
}  // namespace promptbed
