#include "towers.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <promptbed/text_encoder.h>

#include "clip/towers/text_transformer.h"
#include "clip/towers/vision_transformer.h"
#include "small_architecture.h"
#include "support/relative_difference.h"

namespace promptbed::pocket {
namespace {

constexpr int64_t kBatch = 35;  // more than two slices of pictures, the last one smaller

constexpr int64_t kVocabulary = 40;

Checkpoint small_clip() {
  Checkpoint clip = initial_weights(small_architecture(kVocabulary), 1);
  for (auto& [name, tensor] : clip.tensors) tensor.requires_grad_();
  return clip;
}

TowerInput some_input() {
  TowerInput input;
  input.pixels = at::randn({kBatch, 3, 16, 16}, at::make_generator<at::CPUGeneratorImpl>(1));
  for (int64_t i = 0; i < kBatch; ++i) {
    std::vector<int64_t> tokens = {38};
    for (int64_t n = 0; n < 1 + i % 4; ++n) tokens.push_back((7 * i + n) % 38);
    tokens.push_back(39);
    input.captions.push_back(tokens);
  }
  return input;
}

/// The gradients of a made-up loss of the features, by the towers of so many threads.
std::map<std::string, Tensor> gradients(int64_t threads, const TowerInput& input) {
  const Checkpoint clip = small_clip();
  TrainableTowers towers(clip, {}, threads);
  const auto [images, texts] = towers.forward(input);
  towers.backward(images.sin(), texts.cos());
  std::map<std::string, Tensor> found;
  for (const auto& [name, weight] : clip.tensors) found[name] = weight.grad();
  return found;
}

TEST(TrainableTowers, GiveTheFeaturesOfTheFrozenTowers) {
  const Checkpoint clip = small_clip();
  const TowerInput input = some_input();
  const auto [images, texts] = TrainableTowers(clip, {}, 2).forward(input);
  const at::NoGradGuard no_grad;
  EXPECT_LT(test::relative_difference(images, VisionTransformer(clip, {}).encode(input.pixels)), 1e-5);
  const TextTransformer tower(clip, {});
  for (int64_t i = 0; i < kBatch; ++i) {
    const auto& tokens = input.captions[static_cast<size_t>(i)];
    const PromptBatch prompt = {tower.embed(std::span(tokens).first(1)).unsqueeze(0),
                                tower.embed(std::span(tokens).subspan(1)),
                                {static_cast<int64_t>(tokens.size()) - 1}};
    EXPECT_LT(test::relative_difference(texts[i], tower.encode(prompt).flatten()), 1e-5);
  }
}

TEST(TrainableTowers, FindTheGradientsOfTheWholeBatch) {
  const Checkpoint clip = small_clip();
  const TowerInput input = some_input();
  const Tensor images = VisionTransformer(clip, {}).encode(input.pixels);
  images.backward(images.detach().sin());
  const auto found = gradients(2, input);
  for (const auto& [name, weight] : clip.tensors) {
    if (!name.starts_with("visual.")) continue;
    EXPECT_LT(test::relative_difference(found.at(name), weight.grad()), 1e-4) << name;
  }
}

TEST(TrainableTowers, FindTheSameGradientsWithAnyNumberOfThreads) {
  const auto one = gradients(1, some_input()), three = gradients(3, some_input());
  for (const auto& [name, gradient] : one) {
    if (name == "logit_scale") continue;  // the loss's business
    EXPECT_LT(test::relative_difference(three.at(name), gradient), 1e-4) << name;
  }
}

TEST(TrainableTowers, GiveTheSameFeaturesWhenTheyKeepNothing) {
  const Checkpoint clip = small_clip();
  TrainableTowers towers(clip, {}, 2);
  const auto kept = towers.forward(some_input()), not_kept = towers.features(some_input());
  EXPECT_LT(test::relative_difference(not_kept.first, kept.first), 1e-5);
  EXPECT_LT(test::relative_difference(not_kept.second, kept.second), 1e-5);
}

TEST(TrainableTowers, TakeAnyNumberOfCaptionsForFeatures) {
  const Checkpoint clip = small_clip();
  TowerInput input = some_input();
  TrainableTowers towers(clip, {}, 2);
  const auto all = towers.features(input);
  input.captions.resize(3);
  const auto few = towers.features(input);
  EXPECT_LT(test::relative_difference(few.first, all.first), 1e-5);
  EXPECT_LT(test::relative_difference(few.second, all.second.narrow(0, 0, 3)), 1e-5);
}

TEST(TrainableTowers, AddToTheGradients) {
  const Checkpoint clip = small_clip();
  TrainableTowers towers(clip, {}, 2);
  for (int time = 0; time < 2; ++time) {
    const auto [images, texts] = towers.forward(some_input());
    towers.backward(images.sin(), texts.cos());
  }
  for (const auto& [name, gradient] : gradients(2, some_input())) {
    if (name == "logit_scale") continue;  // the loss's business
    EXPECT_LT(test::relative_difference(clip.at(name).grad(), 2 * gradient), 1e-6) << name;
  }
}

TEST(TrainableTowers, GiveTheSameBitsAgain) {
  const auto once = gradients(2, some_input()), again = gradients(2, some_input());
  for (const auto& [name, gradient] : once) {
    if (!gradient.defined()) continue;
    EXPECT_TRUE(at::equal(again.at(name), gradient)) << name;
  }
}

TEST(VisionTransformer, SeesTheSameInAllPatchesInWhateverOrder) {
  const at::NoGradGuard no_grad;
  const VisionTransformer tower(small_clip(), {});
  const Tensor pixels = some_input().pixels.narrow(0, 0, 2);
  const Tensor order = torch::tensor({3, 1, 0, 2}, torch::kLong).expand({2, 4});
  EXPECT_LT(test::relative_difference(tower.encode_patches(pixels, order), tower.encode(pixels)), 1e-5);
}

TEST(VisionTransformer, DoesNotSeePatchesThatAreLeftOut) {
  const at::NoGradGuard no_grad;
  const VisionTransformer tower(small_clip(), {});
  Tensor pixels = some_input().pixels.narrow(0, 0, 1).clone();
  const Tensor upper = torch::tensor({{0, 1}}, torch::kLong);
  const Tensor before = tower.encode_patches(pixels, upper);
  pixels.narrow(2, 8, 8).fill_(9);  // the lower two patches
  EXPECT_TRUE(at::equal(tower.encode_patches(pixels, upper), before));
  pixels.narrow(2, 0, 8).fill_(9);
  EXPECT_FALSE(at::allclose(tower.encode_patches(pixels, upper), before));
}

}  // namespace
}  // namespace promptbed::pocket
