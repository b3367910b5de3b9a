#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/prompt_learner.h>

#include <algorithm>

namespace promptbed {

Tensor PromptLearner::loss(const Batch& batch) {
  return at::cross_entropy_loss(logits(batch), batch.labels);
}

Outputs PromptLearner::outputs(const Batch&) {
  throw Error("offers no text features to a method that is built on it; give another base");
}

Tensor PromptLearner::backward(const Batch& batch) {
  const Tensor value = loss(batch);
  if (!value.defined() || value.dim() != 0) return value;  // not a loss: the guard at the border refuses it
  if (!value.requires_grad())
    throw Error("the loss depends on no trainable tensor; compute it from those that trainable() returns");
  value.backward();
  return value.detach();
}

bool PromptLearner::fit(const FeatureSet&, const FeatureSet&) {
  return false;
}

void PromptLearner::epoch_end(int64_t, int64_t) {}

void PromptLearner::load_state(const NamedTensors& saved) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : state()) {
    const auto found =
        std::find_if(saved.begin(), saved.end(), [&](const auto& entry) { return entry.first == name; });
    if (found == saved.end())
      throw Error(fmt::format("the trained prompt has no tensor {}; train it again", name));
    if (found->second.sizes() != tensor.sizes()) {
      throw Error(
          fmt::format("the trained prompt's {} has another shape than this method's; train it again", name));
    }
    Tensor(tensor).copy_(found->second);
  }
}

}  // namespace promptbed
