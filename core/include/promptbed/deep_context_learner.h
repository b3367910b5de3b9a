#pragma once

#include <promptbed/context_learner.h>
#include <promptbed/export.h>
#include <promptbed/image_tokens.h>

#include <string>
#include <vector>

namespace promptbed {

/// A learned context, and further learned tokens that take its place where each of the text tower's first
/// blocks begins: deep language prompting, the text half of independent vision-language prompting (IVLP,
/// arXiv 2210.03117, table 3). With learned tokens in the image tower, too, it is IVLP.
///
/// Needs the options n_ctx, ctx_init, rest and depth (deep_text has them), and with image tokens n_ctx_vision
/// and depth_vision.
class PROMPTBED_EXPORT DeepContextLearner : public ContextLearner {
 public:
  using ContextLearner::ContextLearner;

  Needs needs() const override { return {.pixels = prompts_images()}; }

  /// The first `n_ctx` tokens of the words are learned; words behind them stay in front of the class name.
  Options resolve(const Setting& setting) override;

  void bind(const Task& task) override;

  /// "ctx", "deep.1", ... by the text tower's blocks, and "image.0", ... by those of the image tower.
  NamedTensors trainable() override;

 protected:
  /// Whether something is put into the image tower.
  virtual bool prompts_images() const { return true; }

  /// What that is: by default learned tokens, which know nothing of the text's. A method that puts something
  /// else there overrides all four: the options are checked, after `depth`; tensors are drawn, after the
  /// text's; what they make of the image tower's prompts; and their names.
  /// @{
  virtual void resolve_images(const Setting& setting) { resolve_image_tokens(options(), setting); }
  virtual void bind_images(const Task& task);
  virtual ImagePrompts image_prompts() const { return image_tokens_.prompts(); }
  virtual NamedTensors image_tensors() const { return image_tokens_.named(); }
  /// @}

  std::string rest() const override { return options().text("rest"); }
  PromptBatch prompts() const override;
  Tensor image_features(const Batch& batch) const override;

  /// The learned tokens of blocks 1 to depth - 1 of the text tower.
  const std::vector<BlockTokens>& deep() const { return deep_; }

 private:
  std::vector<BlockTokens> deep_;
  ImageTokens image_tokens_;
};

}  // namespace promptbed
