#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "base/installation.h"
#include "clip/towers/stand_in_device.h"
#include "methods/check_learners.h"
#include "methods/method_registry.h"
#include "methods/plugin_check.h"

namespace promptbed {
namespace {

const std::optional<torch::Device> kStandIn = stand_in_device();  // asked for before any backward pass

/// How often the CPU waited for the device in each step of a training there but the first of an epoch, before
/// which something may be prepared. Empty for a method that trains itself.
std::vector<int64_t> waits_of_steps(const CheckedMethod& method, const CheckTask& task) {
  const CheckLearners learners(method);
  const auto learner = learners.bound(task, /*seed=*/1);
  std::vector<int64_t> waits;
  int64_t before = 0;
  bool begins = true;  // an epoch, before which the last one's loss was read
  learners.train(*learner, task, /*seed=*/1,
                 {.after_step =
                      [&](const Tensor&) {
                        const int64_t now = waits_for_stand_in_device();
                        if (!begins) waits.push_back(now - before);
                        begins = false;
                        before = now;
                      },
                  .after_epoch = [&](const EpochRecord&) { begins = true; }});
  return waits;
}

// Losses are read once an epoch. A step that asks the device for a number, or waits until a copy has arrived
// there, would let a GPU run idle.
TEST(StepsOnADevice, NeverWaitForIt) {
  if (!kStandIn) GTEST_SKIP() << "LibTorch 2 has no device that stands in for a GPU";
  const MethodRegistry registry(plugin_folders({}));
  const CheckTasks tasks = typical_tasks();
  int64_t methods = 0;
  for (const Method& method : registry.methods()) {
    if (!method.trainable() || method.has_own_solver()) continue;
    const Options given = registry.options_of(method);
    const CheckedMethod checked{
        .training = method.spec->training, .options = given, .create = [&](const Options& options) {
          return registry.create(method, options);
        }};
    const std::vector<int64_t> waits = waits_of_steps(checked, *tasks.elsewhere);
    EXPECT_EQ(std::set(waits.begin(), waits.end()), std::set<int64_t>{0}) << method.name();
    ++methods;
  }
  EXPECT_GE(methods, 15);
}

}  // namespace
}  // namespace promptbed
