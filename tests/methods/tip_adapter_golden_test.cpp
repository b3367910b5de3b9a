#include <gtest/gtest.h>
#include <promptbed/prompt_template.h>

#include "methods/golden_method.h"
#include "training/schedule.h"

namespace promptbed {
namespace {

using test::golden_distance;
using test::kGoldenTolerance;

/// The rows of each epoch as the authors drew them, in views that take turns.
class AuthorsOrder final : public EpochOrder {
 public:
  AuthorsOrder(Tensor order, int64_t views) : order_(std::move(order)), views_(views) {}
  EpochRows rows(int64_t epoch) override {
    return {order_[epoch], at::full({order_.size(1)}, epoch % views_, torch::kLong)};
  }

 private:
  Tensor order_;  // [epochs, N]
  int64_t views_;
};

/// Both methods beside their authors' code, which has one number as the temperature of all models.
class GoldenTipAdapter : public ::testing::Test {
 protected:
  GoldenTipAdapter() : task_(golden_.task(golden_.option("template"))) {
    task_.train = {golden_.at("features").transpose(0, 1).contiguous(),
                   golden_.at("labels").to(torch::kLong)};
    task_.validation = {golden_.at("val_features").unsqueeze(1), golden_.at("val_labels").to(torch::kLong)};
    task_.logit_scale = golden_.option("logit_scale");
  }

  std::unique_ptr<PromptLearner> make(const std::string& name, bool searches = true) const {
    const auto& scale = golden_.option("search_scale");
    const Options options =
        registry_.options_of(registry_.at(name), {{"beta", golden_.option("init_beta").get<double>()},
                                                  {"alpha", golden_.option("init_alpha").get<double>()},
                                                  {"search", searches},
                                                  {"beta_scale", scale.at(0).get<double>()},
                                                  {"alpha_scale", scale.at(1).get<double>()}});
    auto learner = registry_.create(registry_.at(name), options);
    learner->resolve(task_);
    learner->bind(task_);
    return learner;
  }

  static Tensor logits(PromptLearner& learner, const Tensor& features) {
    const at::NoGradGuard no_gradients;
    Batch batch;
    batch.features = features;
    return learner.logits(batch);
  }

  static Tensor in_state(PromptLearner& learner, const std::string& wanted) {
    for (const auto& [name, tensor] : learner.state()) {
      if (name == wanted) return tensor.detach();
    }
    throw Error("no tensor " + wanted);
  }

  struct Mixture {
    double alpha, beta;
  };

  static void set_mixture(PromptLearner& learner, const Mixture& mixture) {
    NamedTensors state = learner.state();
    for (auto& [name, tensor] : state) {
      if (name == "alpha") tensor = at::full_like(tensor, mixture.alpha);
      if (name == "beta") tensor = at::full_like(tensor, mixture.beta);
    }
    learner.load_state(state);
  }

  /// Of so many betas and alphas the first with most validation images right by the learner's logits. Leaves
  /// the learner with the last of all.
  Mixture best_of(PromptLearner& learner, int64_t betas, int64_t alphas) const {
    const auto value = [&](int64_t i, size_t which, int64_t count) {
      const double scale = golden_.option("search_scale").at(which);
      return static_cast<double>(i) * (scale - 0.1) / static_cast<double>(count) + 0.1;
    };
    Mixture best{};
    int64_t most = 0;
    for (int64_t i = 0; i < betas * alphas; ++i) {
      const Mixture tried{value(i % alphas, 1, alphas), value(i / alphas, 0, betas)};
      set_mixture(learner, tried);
      const Tensor chosen = logits(learner, golden_.at("val_features")).argmax(-1);
      const int64_t right = chosen.eq(task_.validation.labels).sum().item<int64_t>();
      if (right <= most) continue;
      most = right;
      best = tried;
    }
    return best;
  }

  /// Expects the learner to find in its own grid, which is finer than the golden run's, what a search by its
  /// logits finds, the same search in the authors' grid to find their mixture, and the authors' logits there.
  void expect_the_authors_search(PromptLearner& learner, const std::string& method) const {
    const Mixture found{in_state(learner, "alpha").item<double>(), in_state(learner, "beta").item<double>()};
    const Mixture own = best_of(learner, 200, 20);
    EXPECT_NEAR(found.alpha, own.alpha, 1e-5);
    EXPECT_NEAR(found.beta, own.beta, 1e-5);

    const auto& steps = golden_.option("search_step");
    const Mixture theirs = best_of(learner, steps.at(0), steps.at(1));
    EXPECT_NEAR(theirs.alpha, golden_.json().at(method).at("alpha"), 1e-5);
    EXPECT_NEAR(theirs.beta, golden_.json().at(method).at("beta"), 1e-5);
    set_mixture(learner, theirs);
    EXPECT_LT(
        golden_distance(logits(learner, golden_.at("eval_features")), golden_.at(method + ".eval_logits")),
        kGoldenTolerance);
  }

  test::GoldenMethod golden_{"tip_adapter"};
  MethodRegistry registry_{plugin_folders({})};
  Task task_;
};

TEST_F(GoldenTipAdapter, HasTheAuthorsCacheAndFirstLogits) {
  EXPECT_LT(golden_distance(template_features(task_, task_.prompt_template, task_.class_names),
                            golden_.at("text_weights").t()),
            kGoldenTolerance);
  const auto learner = make("tip_adapter");
  EXPECT_LT(golden_distance(in_state(*learner, "keys"), golden_.at("cache_keys").t()), kGoldenTolerance);
  EXPECT_TRUE(at::equal(in_state(*learner, "labels"), golden_.at("cache_values").argmax(1)));
  EXPECT_LT(golden_distance(logits(*learner, golden_.at("val_features")), golden_.at("tip.val_logits_init")),
            kGoldenTolerance);
}

TEST_F(GoldenTipAdapter, FindsTheAuthorsMixture) {
  const auto learner = make("tip_adapter");
  learner->fit(task_.train, task_.validation);
  expect_the_authors_search(*learner, "tip");
}

TEST_F(GoldenTipAdapter, TrainsTheKeysAsTheAuthorsDo) {
  const auto learner = make("tip_adapter_f", /*searches=*/false);
  const nlohmann::json& optimiser = golden_.json().at("optim");
  Recipe recipe = learner->recipe(task_);
  recipe.epochs = golden_.json().at("epochs");
  recipe.batch_size = golden_.json().at("batch_size");
  recipe.groups.at(0).learning_rate = optimiser.at("lr");

  AuthorsOrder order(golden_.at("order").to(torch::kCPU, torch::kLong), task_.train.features.size(1));
  const EpochRows first = order.rows(0);
  learner->backward(take_rows(task_.train, first, 0, std::min(recipe.batch_size, first.images.size(0))));
  EXPECT_LT(golden_distance(learner->trainable().at(0).second.grad(), golden_.at("tip_f.grad0")),
            kGoldenTolerance);

  std::vector<float> losses;
  const auto after_step = [&](const Tensor& loss) { losses.push_back(loss.item<float>()); };
  const auto after_epoch = [&](const EpochRecord& record) {
    EXPECT_LT(golden_distance(in_state(*learner, "keys"), golden_.at("tip_f.keys_per_epoch")[record.epoch]),
              kGoldenTolerance);
    EXPECT_LT(golden_distance(logits(*learner, golden_.at("eval_features")),
                              golden_.at("tip_f.eval_logits_per_epoch")[record.epoch]),
              kGoldenTolerance);
  };
  train(*learner, task_.train, recipe, order, {.after_step = after_step, .after_epoch = after_epoch});
  EXPECT_LT(golden_distance(torch::tensor(losses), golden_.at("tip_f.loss")), kGoldenTolerance);
  LearningRates schedule(static_cast<int64_t>(losses.size()), optimiser.at("lr"), 0, 0);
  std::vector<double> rates;
  for (size_t step = 0; step < losses.size(); ++step)
    rates.push_back(schedule.at(static_cast<int64_t>(step)));
  EXPECT_LT(golden_distance(torch::tensor(rates), golden_.at("tip_f.lr").to(torch::kDouble)), 1e-9);
}

/// They keep the epoch that is best on the test images, which promptbed does not; the search is the same.
TEST_F(GoldenTipAdapter, FindsTheAuthorsMixtureForTheirTrainedKeys) {
  const auto learner = make("tip_adapter_f");
  const int64_t epochs = golden_.json().at("epochs");
  const int64_t best = golden_.json().at("tip_f").at("best_epoch_by_test");
  NamedTensors state = learner->state();
  for (auto& [name, tensor] : state) {
    if (name == "keys") tensor = golden_.at("tip_f.keys_per_epoch")[best];
  }
  learner->load_state(state);
  learner->epoch_end(epochs - 1, epochs);
  expect_the_authors_search(*learner, "tip_f");
}

}  // namespace
}  // namespace promptbed
