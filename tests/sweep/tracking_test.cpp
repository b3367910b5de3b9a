#include "sweep/tracking.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "methods/literature_method.h"
#include "training/epoch_order.h"
#include "training/train.h"

namespace promptbed {
namespace {

constexpr int64_t kEpochs = 3;

/// Methods in training, with test images of both halves of the classes.
class TrackedTraining : public test::LiteratureMethod {
 protected:
  TrackedTraining() {
    task_.new_class_names = {"ox", "donkey"};
    task_.train = images_of(6, 3, 2, "train");
    task_.validation = images_of(3, 3, 1, "validation");
  }

  static FeatureSet images_of(int64_t images, int64_t classes, int64_t views, const char* name) {
    return {at::randn({images, views, 5}, seeded_generator(7, name)), at::arange(images).remainder(classes)};
  }

  bool takes_pixels(const Method& method) const {
    const auto learner = registry_.create(method, registry_.options_of(method));
    learner->resolve(task_);
    return learner->needs().pixels;
  }

  /// Trained for a few epochs, and tested after each if there is a list to put the results in.
  NamedTensors trained(const Method& method, std::vector<TrackedAccuracy>* tracked) {
    task_.generator = seeded_generator(1, "init");
    const auto learner = registry_.create(method, registry_.options_of(method));
    learner->resolve(task_);
    learner->bind(task_);
    Recipe recipe = learner->recipe(task_);
    recipe.epochs = kEpochs;
    Tracking tracking(*learner, task_, {images_of(9, 3, 1, "base")}, {images_of(8, 2, 1, "new")});
    ShuffledOrder order(6, 2, 1);
    train(*learner, task_.train, recipe, order, {.after_epoch = [&](const EpochRecord& epoch) {
      if (tracked == nullptr) return;
      for (const TrackedAccuracy& accuracy : tracking.measure(epoch.epoch)) tracked->push_back(accuracy);
    }});
    NamedTensors state = learner->state();
    state.emplace_back("next random number", at::rand({1}, task_.generator));
    return state;
  }
};

TEST_F(TrackedTraining, HasTheSameBitsForEveryMethod) {
  int methods = 0;
  for (const Method& method : registry_.methods()) {
    if (!method.trainable() || method.has_own_solver()) continue;
    if (method.name() == "coop_ctx60") continue;  // too long for the little tower
    if (takes_pixels(method)) continue;           // PixelMethods has one
    SCOPED_TRACE(method.name());
    std::vector<TrackedAccuracy> tracked;
    const NamedTensors with = trained(method, &tracked), without = trained(method, nullptr);
    EXPECT_GE(tracked.size(), static_cast<size_t>(kEpochs));
    ASSERT_EQ(with.size(), without.size());
    for (size_t i = 0; i < with.size(); ++i)
      EXPECT_TRUE(at::equal(with[i].second, without[i].second)) << with[i].first;
    ++methods;
  }
  EXPECT_GT(methods, 10);
}

TEST_F(TrackedTraining, IsTestedOnBothHalvesWhereTheMethodServesThem) {
  const auto class_sets = [&](const char* method) {
    std::vector<TrackedAccuracy> tracked;
    trained(registry_.at(method), &tracked);
    std::vector<std::string> sets;
    for (const TrackedAccuracy& accuracy : tracked) sets.push_back(accuracy.class_set);
    return sets;
  };
  EXPECT_EQ(class_sets("coop"), (std::vector<std::string>{"base", "new", "base", "new", "base", "new"}));
  EXPECT_EQ(class_sets("tip_adapter_f"), (std::vector<std::string>{"base", "base", "base"}));
}

}  // namespace
}  // namespace promptbed
