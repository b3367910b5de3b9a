#pragma once

#include <promptbed/text_encoder.h>

#include <vector>

#include "clip/layers.h"
#include "clip/packed_prompts.h"

namespace promptbed {

/// CLIP's causal text transformer, in the form that prompts sharing a prefix allow. It gives the numbers of
/// the plain tower (all prompts padded to the context length) for a fraction of the work:
///
///   - tokens after EOS never reach it, so they are not computed;
///   - the prefix does not depend on the class: it runs once for an image and a group of classes, whose
///   suffixes follow each other without padding (packed_prompts.h);
///   - in the last block only the EOS rows are computed beyond keys and values;
///   - frozen weights receive no gradients.
///
/// A checkpoint whose tensors ask for gradients makes a tower that learns: its output is differentiable in
/// them. (tools/pocket/pretrain does that.)
class TextTransformer final : public TextEncoder {
 public:
  /// Takes the text tower's weights. Throws Error where the checkpoint lacks one.
  TextTransformer(const Checkpoint& checkpoint, const Placement& placement);

  Tensor encode(const PromptBatch& prompts) const override;
  Tensor embed(std::span<const int64_t> tokens) const override;
  int64_t context_length() const override { return position_embedding_.size(0); }
  int64_t width() const override { return position_embedding_.size(1); }
  int64_t embedding_width() const override { return embedding_width_; }

 private:
  struct Block {
    LayerNorm attention_norm, mlp_norm;
    Linear query_key_value, attention_output, mlp_in, mlp_out;
  };

  Block read_block(const Checkpoint& checkpoint, int64_t index, const Placement& placement) const;
  Tensor encode_group(const PromptBatch& prompts, const PackedPrompts& group, bool keeps) const;
  Tensor encode_rows(const Tensor& prefix, const Tensor& suffix, const PackedPrompts& group) const;
  Tensor attend(const Block& block, const Tensor& x, const PackedPrompts& group) const;
  Tensor attend_last_rows(const Block& block, const Tensor& x, const PackedPrompts& group) const;
  Tensor mlp(const Block& block, const Tensor& x) const;

  int64_t heads_;
  Activation activation_;
  Tensor token_embedding_;     // [vocabulary, W]
  Tensor position_embedding_;  // [context length, W]
  std::vector<Block> blocks_;
  LayerNorm final_norm_;
  Linear projection_;
  int64_t embedding_width_;
};

}  // namespace promptbed
