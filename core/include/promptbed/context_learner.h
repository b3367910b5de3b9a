#pragma once

#include <promptbed/context.h>
#include <promptbed/export.h>
#include <promptbed/prompt_learner.h>

#include <optional>
#include <string>

namespace promptbed {

/// A learned context that is the same for all images: the common part of CoOp and the methods derived from
/// it. It can serve any classes, unless each class learns a context of its own, and needs the options
/// kContextTokens and kContextWords.
///
/// By itself it is Context Optimization (arXiv 2109.01134) with the class name at the end; a method that
/// trains the context differently overrides loss_of() or backward(). One that changes no gradients may offer
/// its text features to methods built on it: offers() says so, and outputs() has them, with the loss that
/// loss_of() gives; such a method leaves loss() and logits() alone.
class PROMPTBED_EXPORT ContextLearner : public PromptLearner {
 public:
  /// Takes the options as the user set them; resolve() completes them.
  explicit ContextLearner(const Options& options) : options_(options) {}

  Options resolve(const Setting& setting) override;
  void bind(const Task& task) override;
  Tensor logits(const Batch& batch) override;
  Tensor loss(const Batch& batch) override;
  Outputs outputs(const Batch& batch) override;
  NamedTensors trainable() override { return {{"ctx", context_}}; }
  void load_state(const NamedTensors& state) override;
  void retarget(const ClassNames& class_names) override;

 protected:
  /// Where the class name goes.
  virtual NamePosition position() const { return NamePosition::end; }

  /// Whether each class learns a context of its own, [K, M, W] instead of [M, W].
  virtual bool class_specific() const { return false; }

  /// What follows the context, with {} for the class name; for the position `end`.
  virtual std::string rest() const { return kNameAlone; }

  /// Prompts of the classes served, with the context as it is now. A method whose tokens enter later blocks,
  /// too, adds them here.
  virtual PromptBatch prompts() const;

  /// The vectors that training starts from, [M, W], or [K, M, W] if class-specific: initial_context() of the
  /// resolved options.
  virtual Tensor initial_vectors() const;

  /// Image features [B, D] of a batch, not normalised: the cached ones. A method that changes what the image
  /// tower sees asks for pixels and encodes them here.
  virtual Tensor image_features(const Batch& batch) const { return batch.features; }

  /// What stands in the prompt for learned vectors [M, W]: themselves, or [M', W] of a method that puts fixed
  /// words among them or after them. Not asked of class-specific contexts.
  virtual Tensor with_fixed_words(const Tensor& learned) const { return learned; }

  /// The loss, given the normalised text features [K, D] of the classes: the cross-entropy of the
  /// similarities.
  virtual Tensor loss_of(const Batch& batch, const Tensor& text_features) const;

  /// Normalised text features [K, D] of the classes served. They do not depend on the image, so without
  /// gradients they are encoded once.
  Tensor text_features();

  /// Scaled similarities [B, K] of the rows and normalised text features [K, D].
  Tensor similarities(const Batch& batch, const Tensor& text_features) const;

  /// The learned vectors, [M, W], or [K, M, W] if class-specific.
  const Tensor& context() const { return context_; }

  /// The resolved options, and the task bound to.
  /// @{
  const Options& options() const { return options_; }
  Options& options() { return options_; }
  const Task& task() const { return task_; }
  /// @}

 private:
  void serve(const ClassNames& class_names);
  Tensor encode() const;  // [K, D], not normalised

  Options options_;
  Task task_;
  Tensor context_;  // [M, W], or [K, M, W] if class-specific
  Tensor rows_;     // the classes served, in a class-specific context
  std::optional<ContextPrompts> prompts_;
  Tensor finished_features_;
};

}  // namespace promptbed
