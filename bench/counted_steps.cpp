// Training steps on the embedded model, for scripts/instructions.py: promptbed_counted_steps METHOD.
// Callgrind counts these alone, since loading LibTorch takes more instructions than a hundred of them.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <valgrind/callgrind.h>

#include "base/machine.h"
#include "embedded_task.h"
#include "methods/method_registry.h"
#include "training/optimiser.h"
#include "training/step_gradients.h"

namespace promptbed::bench {
namespace {

constexpr int kSteps = 5;

void make_steps(const std::string& name) {
  const MethodRegistry registry(plugin_folders({}));
  const Method& method = registry.at(name);
  const Task task = embedded_task();
  const auto learner = registry.create(method, registry.options_of(method));
  learner->resolve(task);
  learner->bind(task);
  const Recipe recipe = learner->recipe(task);
  const Batch batch = first_rows(task, recipe.batch_size);
  StepGradients gradients(*learner, recipe.batch_size);
  Optimiser optimiser(learner->trainable(), recipe);
  optimiser.start_epoch(0);
  const auto make_step = [&] {
    gradients.compute(batch);
    optimiser.step();
  };
  make_step();  // the first one allocates
  CALLGRIND_START_INSTRUMENTATION;
  for (int i = 0; i < kSteps; ++i) make_step();
  CALLGRIND_STOP_INSTRUMENTATION;
}

}  // namespace
}  // namespace promptbed::bench

int main(int count, char** words) {
  if (count != 2) {
    fmt::print(stderr, "usage: promptbed_counted_steps METHOD\n");
    return 2;
  }
  promptbed::keep_freed_memory();
  at::set_num_threads(1);
  try {
    promptbed::bench::make_steps(words[1]);
  } catch (const std::exception& fault) {
    fmt::print(stderr, "promptbed_counted_steps: {}\n", fault.what());
    return 1;
  }
}
