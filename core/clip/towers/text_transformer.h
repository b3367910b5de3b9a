#pragma once

#include <promptbed/text_encoder.h>

#include <compare>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "clip/checkpoints/checkpoint.h"
#include "clip/towers/placement.h"
#include "clip/towers/text_blocks.h"

namespace promptbed {

/// CLIP's causal text transformer for prompts that share a prefix. It computes the results of the plain tower
/// (all prompts padded to the context length) for a fraction of the work:
///
///   - tokens after EOS do not affect it, so they are not computed;
///   - the prefix does not depend on the class: it runs once for an image and a group of classes, whose
///     suffixes follow each other without padding, equal beginnings once (packed_prompts.h);
///   - in the last block only the EOS rows are computed beyond keys and values;
///   - where tokens enter a later block, the rows get a new layout (entered()): a set for all classes keeps
///     the prefix shared, a set for each class splits it there and no earlier;
///   - a block with changes inside is computed by LibTorch's operators, among the same packed rows;
///   - frozen weights receive no gradients.
///
/// If the checkpoint's tensors require gradients, the output is differentiable in them: that is how
/// tools/pocket/pretrain trains a tower.
class TextTransformer final : public TextEncoder {
 public:
  /// Takes the text tower's weights. Throws Error if the checkpoint lacks one.
  TextTransformer(const Checkpoint& checkpoint, const Placement& placement);

  Tensor encode(const PromptBatch& prompts) const override;
  Tensor embed(std::span<const int64_t> tokens) const override;
  int64_t context_length() const override { return context_length_; }
  int64_t width() const override { return token_embedding_.size(1); }
  int64_t embedding_width() const override { return embedding_width_; }
  int64_t blocks() const override { return blocks_->count(); }

 private:
  /// Blocks between two entries of deep tokens, and the layout of their rows.
  struct Stage {
    int64_t begin, end;
    PackedPrompts layout;
  };

  /// A group of classes on its way through the tower.
  using Stages = std::vector<Stage>;

  /// All classes.
  using Layout = std::vector<Stages>;

  /// What a layout depends on where no tokens are compared: on devices.
  struct Lengths {
    int64_t prefix = 0;
    std::vector<int64_t> suffixes;
    struct Entry {
      int64_t block, tokens;
      bool own, inserted;
      auto operator<=>(const Entry&) const = default;
    };
    std::vector<Entry> entries;  // of deep tokens
    auto operator<=>(const Lengths&) const = default;
  };

  static int64_t most_rows(const Stages& stages);
  static Lengths lengths_of(const PromptBatch& prompts);
  Stages stages_of(const PromptBatch& prompts, const PackedPrompts& group) const;
  Layout make_layout(const PromptBatch& prompts) const;
  std::shared_ptr<const Layout> layout_of(const PromptBatch& prompts) const;
  Tensor run(const Stages& stages, const std::vector<Tensor>& arguments, const TowerChanges& changes) const;
  Tensor encode_group(const PromptBatch& prompts, const Stages& stages, int64_t first_class,
                      bool keeps) const;

  Tensor token_embedding_;  // [vocabulary, W] as stored
  torch::Device device_;
  int64_t context_length_, embedding_width_;
  std::unique_ptr<TextBlocks> blocks_;

  /// On devices alone, where making one means uploads: those of prompts that are learned, which are never let
  /// go, since a recorded step (recorder.h) reads their tensors, and the last one of others. One of a
  /// thousand classes has a few megabytes.
  mutable std::map<Lengths, std::shared_ptr<const Layout>> layouts_;
  mutable Lengths last_lengths_;
  mutable std::shared_ptr<const Layout> last_layout_;
  mutable std::mutex layouts_mutex_;
};

}  // namespace promptbed
