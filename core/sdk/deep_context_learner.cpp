#include <fmt/format.h>
#include <promptbed/deep_context_learner.h>
#include <promptbed/error.h>

#include <algorithm>
#include <iterator>

namespace promptbed {

Options DeepContextLearner::resolve(const Setting& setting) {
  Options& chosen = options();
  const int64_t depth = chosen.integer("depth");
  if (depth < 1) throw Error(fmt::format("depth {}: give 1 or more blocks", depth));
  chosen.set("depth", OptionValue(std::min(depth, setting.text_blocks)));
  if (prompts_images()) resolve_images(setting);
  split_words(chosen, setting);
  return ContextLearner::resolve(setting);
}

void DeepContextLearner::bind(const Task& task) {
  deep_.clear();
  for (int64_t block = 1; block < options().integer("depth"); ++block)
    deep_.push_back({block, initial_tokens(task, options().integer("n_ctx"), task.text_encoder->width())});
  if (prompts_images()) bind_images(task);
  ContextLearner::bind(task);
}

void DeepContextLearner::bind_images(const Task& task) {
  image_tokens_ = ImageTokens(task, options().integer("n_ctx_vision"), options().integer("depth_vision"));
}

NamedTensors DeepContextLearner::trainable() {
  NamedTensors tensors = ContextLearner::trainable();
  for (const BlockTokens& deep : deep_) tensors.emplace_back(fmt::format("deep.{}", deep.block), deep.tokens);
  if (prompts_images()) std::ranges::move(image_tensors(), std::back_inserter(tensors));
  return tensors;
}

PromptBatch DeepContextLearner::prompts() const {
  PromptBatch prompts = ContextLearner::prompts();
  prompts.deep = deep_;
  return prompts;
}

Tensor DeepContextLearner::image_features(const Batch& batch) const {
  return prompts_images() ? task().image_encoder->encode(batch.pixels, image_prompts()) : batch.features;
}

}  // namespace promptbed
