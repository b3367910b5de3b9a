#pragma once

#include <promptbed/context.h>
#include <promptbed/export.h>
#include <promptbed/prompt_learner.h>

#include <optional>

namespace promptbed {

/// A learned context that is the same for all images: what CoOp and the methods built upon it share. It
/// serves any classes unless each class learns a context of its own, and needs the options kContextTokens and
/// kContextWords.
///
/// On its own it is Context Optimization (arXiv 2109.01134) with the class name at the end; a method that
/// trains the context in another way overrides loss() or backward().
class PROMPTBED_EXPORT ContextLearner : public PromptLearner {
 public:
  explicit ContextLearner(const Options& options) : options_(options) {}

  Options resolve(const Setting& setting) override;
  void bind(const Task& task) override;
  Tensor logits(const Batch& batch) override;
  NamedTensors trainable() override { return {{"ctx", context_}}; }
  void load_state(const NamedTensors& state) override;
  void retarget(const ClassNames& class_names) override;

 protected:
  /// Where the class name stands.
  virtual NamePosition position() const { return NamePosition::end; }

  /// Whether each class learns a context of its own, [K, M, W] instead of [M, W].
  virtual bool class_specific() const { return false; }

  /// Normalised text features [K, D] of the classes served. The same for all images, so without gradients
  /// they are encoded once.
  Tensor text_features();

  /// Scaled similarities [B, K] of the rows with normalised text features [K, D].
  Tensor similarities(const Batch& batch, const Tensor& text_features) const;

  const Options& options() const { return options_; }
  Options& options() { return options_; }
  const Task& task() const { return task_; }

 private:
  void serve(const ClassNames& class_names);
  Tensor encode() const;

  Options options_;
  Task task_;
  Tensor context_;  // [M, W], or [K, M, W] where class-specific
  Tensor rows_;     // of a class-specific context: those of the classes served
  std::optional<ContextPrompts> prompts_;
  Tensor finished_features_;
};

}  // namespace promptbed
