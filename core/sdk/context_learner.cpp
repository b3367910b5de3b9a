#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/context_learner.h>
#include <promptbed/error.h>
#include <promptbed/trained_classes.h>

namespace promptbed {

Options ContextLearner::resolve(const Setting& setting) {
  if (rest().find("{}") == std::string::npos)
    throw Error(fmt::format("rest \"{}\" has no place {{}} for the class name", rest()));
  options_ = resolve_context(options_, setting, rest());
  return options_;
}

void ContextLearner::bind(const Task& task) {
  task_ = task;
  context_ = initial_vectors().requires_grad_();
  serve(task.class_names);
}

Tensor ContextLearner::logits(const Batch& batch) {
  return similarities(batch, text_features());
}

Tensor ContextLearner::loss(const Batch& batch) {
  return loss_of(batch, text_features());
}

Outputs ContextLearner::outputs(const Batch& batch) {
  const Tensor features = encode(), unit = normalised(features);
  return {features, similarities(batch, unit), loss_of(batch, unit)};
}

void ContextLearner::load_state(const NamedTensors& state) {
  PromptLearner::load_state(state);
  finished_features_.reset();
}

void ContextLearner::retarget(const ClassNames& class_names) {
  serve(class_names);
}

Tensor ContextLearner::initial_vectors() const {
  const auto copies =
      class_specific() ? std::optional(static_cast<int64_t>(task_.class_names.size())) : std::nullopt;
  return initial_context(options_, task_, copies);
}

Tensor ContextLearner::loss_of(const Batch& batch, const Tensor& text_features) const {
  return at::cross_entropy_loss(similarities(batch, text_features), batch.labels);
}

Tensor ContextLearner::text_features() {
  if (at::GradMode::is_enabled()) {
    finished_features_.reset();
    return normalised(encode());
  }
  if (!finished_features_.defined()) finished_features_ = normalised(encode());
  return finished_features_;
}

Tensor ContextLearner::similarities(const Batch& batch, const Tensor& text_features) const {
  return task_.logit_scale * at::matmul(normalised(image_features(batch)), text_features.t());
}

void ContextLearner::serve(const ClassNames& class_names) {
  if (class_specific()) rows_ = trained_labels(task_, class_names, "context vectors");
  const int64_t tokens = (class_specific() ? context_ : with_fixed_words(context_.detach())).size(-2);
  if (position() == NamePosition::end) {
    prompts_.emplace(task_, class_names, tokens, rest());
  } else {
    prompts_.emplace(task_, class_names, tokens, position());
  }
  finished_features_.reset();
}

PromptBatch ContextLearner::prompts() const {
  return class_specific() ? prompts_->with_own(context_.index_select(0, rows_))
                          : prompts_->with_shared(with_fixed_words(context_));
}

Tensor ContextLearner::encode() const {
  return task_.text_encoder->encode(prompts()).squeeze(0);
}

}  // namespace promptbed
