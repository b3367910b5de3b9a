#pragma once

#include <memory>
#include <utility>

#include "base/installation.h"
#include "made_task.h"
#include "methods/method_registry.h"

namespace promptbed::bench {

/// A method of the plugins, bound to so many classes on the given tower, on the device where that is.
struct BoundMethod {
  BoundMethod(const char* method, std::shared_ptr<const TextEncoder> encoder, int64_t classes,
              torch::Device device = torch::kCPU)
      : registry(plugin_folders({})), task(made_task(std::move(encoder), classes, device)) {
    const Method& found = registry.at(method);
    learner = registry.create(found, found.default_options());
    learner->resolve(task);
    learner->bind(task);
  }

  /// The gradients of a training step, and its loss.
  Tensor step(const Batch& batch) {
    for (auto& [name, parameter] : learner->trainable()) parameter.mutable_grad() = Tensor();
    return learner->backward(batch);
  }

  /// The logits of a test.
  Tensor test(const Batch& batch) {
    const at::NoGradGuard no_gradients;
    return learner->logits(batch);
  }

  MethodRegistry registry;
  Task task;
  std::unique_ptr<PromptLearner> learner;
};

}  // namespace promptbed::bench
