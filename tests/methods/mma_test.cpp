#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <promptbed/prompt_template.h>

#include <cmath>
#include <string>

#include "clip/towers/image_tower.h"
#include "clip/towers/random_towers.h"
#include "clip/towers/text_transformer.h"
#include "methods/literature_method.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

/// MMA on towers of six blocks.
class MultiModalAdapters : public test::LiteratureMethod {
 protected:
  MultiModalAdapters() {
    const auto text = std::make_shared<TextTransformer>(
        random_text_tower({.layers = 6, .context_length = 24, .embedding = 5}), Placement());
    task_.image_encoder = make_image_encoder(random_image_tower({.layers = 6, .embedding = 5}), {});
    task_.text_encoder = text;
    task_.text_blocks = task_.image_blocks = 6;
    const int64_t side = task_.image_encoder->resolution();
    batch_.features = Tensor();
    batch_.pixels = at::randn({4, 3, side, side}, seeded_generator(3, "images"));
  }

  std::unique_ptr<PromptLearner> adapters(const std::string& scale) {
    return make("mma", {{"scale", scale}, {"bottleneck", "16"}, {"template", "an animal, {}."}});
  }
};

TEST_F(MultiModalAdapters, AddNothingAtAScaleNearZero) {
  const Tensor zero_shot =
      10 * normalised(task_.image_encoder->encode(batch_.pixels))
               .matmul(template_features(task_, "an animal, {}.", task_.class_names).t());
  EXPECT_TRUE(at::allclose(adapters("1e-9")->logits(batch_), zero_shot, 1e-4, 1e-5));
  EXPECT_FALSE(at::allclose(adapters("0.1")->logits(batch_), zero_shot, 1e-4, 1e-5));
}

TEST_F(MultiModalAdapters, LearnAsIfTheyCountedInFull) {
  const double scale = 0.5;
  const auto learner = adapters(std::to_string(scale));
  learner->backward(batch_);
  const auto loss = [&] {
    const at::NoGradGuard no_gradients;
    return at::cross_entropy_loss(learner->logits(batch_).to(torch::kDouble), batch_.labels).item<double>();
  };
  for (const auto& [name, tensor] : learner->trainable()) {
    const Tensor slope = tensor.grad(), direction = slope / slope.norm();
    ASSERT_GT(slope.norm().item<double>(), 0) << name;
    const auto loss_at = [&](double step) {
      const at::NoGradGuard no_gradients;
      const Tensor before = tensor.clone();
      Tensor(tensor).add_(direction, step);
      learner->load_state(learner->state());  // what it has computed of the text is forgotten
      const double found = loss();
      Tensor(tensor).copy_(before);
      return found;
    };
    const double step = 0.005, true_slope = (loss_at(step) - loss_at(-step)) / (2 * step);
    EXPECT_NEAR(true_slope / scale / slope.norm().item<double>(), 1, 0.1) << name;
  }
}

TEST_F(MultiModalAdapters, ShareTheMiddleLayerAndSitBehindAThirdOfTheBlocks) {
  const auto learner = adapters("0.001");
  int64_t shared = 0, all = 0;
  for (const auto& [name, tensor] : learner->trainable()) {
    EXPECT_EQ(name.find(".0."), std::string::npos) << "blocks 3 to 6, counted from 1";
    shared += name.starts_with("shared.") ? 1 : 0;
    all += 1;
  }
  EXPECT_EQ(shared, 4 * 2);
  EXPECT_EQ(all, 4 * (2 + 4 + 4));
}

TEST_F(MultiModalAdapters, HaveTheAuthorsRecipe) {
  const Recipe recipe = adapters("0.001")->recipe(task_);
  EXPECT_EQ(recipe.epochs, 5);
  EXPECT_EQ(recipe.batch_size, 16);
  EXPECT_EQ(recipe.warmup_epochs, 0);
  EXPECT_EQ(recipe.groups.at(0).learning_rate, 0.0015);
}

TEST_F(MultiModalAdapters, RefuseBlocksThatAreNotThere) {
  EXPECT_ERROR(make("mma", {{"first_block", "7"}, {"template", "an animal, {}."}}),
               "mma: first_block 7: give 1 to 6");
}

}  // namespace
}  // namespace promptbed
