#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "base/installation.h"
#include "made_task.h"
#include "methods/method_registry.h"
#include "training/recorder.h"
#include "training/step_gradients.h"

namespace promptbed::bench {

/// A method of the plugins, bound to so many classes on the given tower, on the device where that is. Its
/// steps are repeated where they can be, unless each is to be computed.
struct BoundMethod {
  BoundMethod(const char* method, std::shared_ptr<const TextEncoder> encoder, int64_t classes,
              torch::Device device = torch::kCPU, bool repeated = true)
      : registry(plugin_folders({})), task(made_task(std::move(encoder), classes, device)) {
    const Method& found = registry.at(method);
    learner = registry.create(found, found.default_options());
    learner->resolve(task);
    learner->bind(task);
    if (repeated) recorder = make_recorder(*learner, device);
  }

  /// The gradients of a training step, and its loss.
  Tensor step(const Batch& batch) {
    if (!gradients) gradients.emplace(*learner, batch.labels.size(0), recorder.get());
    return gradients->compute(batch);
  }

  /// The logits of a test.
  Tensor test(const Batch& batch) {
    const at::NoGradGuard no_gradients;
    return learner->logits(batch);
  }

  MethodRegistry registry;
  Task task;
  std::unique_ptr<PromptLearner> learner;
  std::unique_ptr<Recorder> recorder;
  std::optional<StepGradients> gradients;
};

}  // namespace promptbed::bench
