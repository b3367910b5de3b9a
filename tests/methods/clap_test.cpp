#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "methods/literature_method.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

/// CLAP and the zero-shot-initialised linear probe on six images in two views.
class Clap : public test::LiteratureMethod {
 protected:
  Clap() { task_.train = {at::randn({6, 2, 5}, seeded_generator(6, "train")), at::arange(6).remainder(3)}; }

  /// Text features [K, D] of "an animal, NAME.", not normalised.
  Tensor texts() const {
    std::vector<Tensor> rows;
    for (const int64_t letters : {3, 4, 5}) {
      const PromptBatch prompt{embed({28}).unsqueeze(0), embed({2, 7, letters, 0, 29}), {5}};
      rows.push_back(task_.text_encoder->encode(prompt).flatten());
    }
    return at::stack(rows);
  }

  /// The mean probability of class k in the four views of its two images.
  std::vector<double> multipliers() const {
    std::vector<double> means(3);
    for (int64_t image = 0; image < 6; ++image) {
      for (int64_t view = 0; view < 2; ++view) {
        const Tensor feature = task_.train.features[image][view];
        std::vector<double> powers;
        for (int64_t k = 0; k < 3; ++k) {
          const Tensor text = texts()[k];
          const double cosine = (feature.dot(text) / feature.norm() / text.norm()).item<double>();
          powers.push_back(std::exp(10 * cosine));
        }
        const int64_t label = image % 3;
        means[label] += powers[label] / (powers[0] + powers[1] + powers[2]) / 4;
      }
    }
    return means;
  }

  static Tensor prototypes_of(PromptLearner& learner) { return learner.trainable().at(0).second; }
};

TEST_F(Clap, StartsAsZeroShot) {
  for (const char* name : {"zs_lp", "clap"}) {
    const auto learner = make(name);
    EXPECT_TRUE(at::allclose(prototypes_of(*learner), texts())) << name;
    EXPECT_TRUE(at::allclose(learner->loss(batch_), entropy(hand_written_features()), 1e-4)) << name;
  }
}

TEST_F(Clap, WithoutConstraintItIsALinearProbeOfUnitPrototypes) {
  const auto learner = make_shifted("zs_lp");
  const Tensor prototypes = prototypes_of(*learner).detach().clone().requires_grad_();
  const Tensor expected = entropy(normalised(prototypes));
  EXPECT_NEAR(learner->backward(batch_).item<double>(), expected.item<double>(), 1e-4);
  EXPECT_TRUE(at::allclose(prototypes_of(*learner).grad(), gradient(expected, prototypes), 1e-4, 1e-5));
}

TEST_F(Clap, HoldsAClassAsFastAsZeroShotKnowsIt) {
  const auto learner = make_shifted("clap");
  const Tensor prototypes = prototypes_of(*learner).detach().clone().requires_grad_();
  Tensor expected = entropy(normalised(prototypes));
  for (int64_t k = 0; k < 3; ++k)
    expected = expected + multipliers()[k] * (prototypes[k] - texts()[k]).square().sum() / 3;
  EXPECT_NEAR(learner->backward(batch_).item<double>(), expected.item<double>(), 1e-4);
  EXPECT_TRUE(at::allclose(prototypes_of(*learner).grad(), gradient(expected, prototypes), 1e-4, 1e-5));
}

TEST_F(Clap, HasTheAuthorsRecipe) {
  for (const char* name : {"zs_lp", "clap"}) {
    const Recipe recipe = make(name)->recipe(task_);
    EXPECT_EQ(recipe.epochs, 300);
    EXPECT_EQ(recipe.batch_size, 256);
    EXPECT_EQ(recipe.optimiser, OptimiserKind::sgd);
    EXPECT_EQ(recipe.groups.at(0).learning_rate, 0.1);
    EXPECT_EQ(recipe.groups.at(0).momentum, 0.9);
    EXPECT_EQ(recipe.groups.at(0).weight_decay, 0);
    EXPECT_FALSE(make(name)->needs().validation_features);
  }
}

TEST_F(Clap, ServesTrainedClassesOnly) {
  for (const char* name : {"zs_lp", "clap"}) {
    const auto learner = make_shifted(name);
    const Tensor all = learner->logits(batch_);
    learner->retarget({"zebra", "cat"});
    EXPECT_TRUE(at::allclose(learner->logits(batch_), at::stack({all.select(1, 2), all.select(1, 0)}, 1)));
    EXPECT_ERROR(learner->retarget(task_.new_class_names),
                 std::string(name) + ": has no prototypes for classes that it was not trained on");
  }
}

}  // namespace
}  // namespace promptbed
