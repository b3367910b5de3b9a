#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "clip/towers/frozen_layers.h"
#include "clip/towers/text_blocks.h"
#include "clip/towers/tower_changes.h"

namespace promptbed {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What a forward pass leaves for the backward pass.
struct Tape {
  std::vector<FrozenAttention::Tape> attentions;  // by block, but for the tower's last
  FrozenLastAttention::Tape last_attention;
  std::vector<FrozenMlp::Tape> mlps;  // by block
  Tensor x, mean, rstd;               // of the final norm
};

/// Blocks of the tower; the last one is followed by the projection.
struct Span {
  int64_t begin, end;
};

/// The weights and the two passes.
class FrozenTower {
 public:
  FrozenTower(const Checkpoint& checkpoint, const Placement& placement)
      : position_embedding_(frozen(checkpoint, "positional_embedding", placement)),
        last_attention_(checkpoint, block_name(count_text_blocks(checkpoint) - 1), placement),
        final_norm_(checkpoint, "ln_final", placement),
        projection_(checkpoint.at("text_projection").t(), Tensor(), placement) {
    const int64_t blocks = count_text_blocks(checkpoint);
    for (int64_t i = 0; i < blocks; ++i) {
      if (i + 1 < blocks) attentions_.emplace_back(checkpoint, block_name(i), placement);
      mlps_.emplace_back(checkpoint, block_name(i), placement);
    }
  }

  int64_t count() const { return static_cast<int64_t>(mlps_.size()); }

  /// The prompts' rows [B, R, W], at the entry of the first block.
  Tensor rows(const Tensor& prefix, const Tensor& suffix, const PackedPrompts& group) const {
    return packed_rows(prefix, suffix, position_embedding_, group);
  }

  /// Rows at the entry of the span's first block through the span. Keeps what backward() needs in `tape`, if
  /// given.
  Tensor forward(Tensor x, const PackedPrompts& group, Span span, Tape* tape) const {
    if (tape != nullptr) {
      tape->attentions.resize(attentions_.size());
      tape->mlps.resize(mlps_.size());
    }
    for (int64_t i = span.begin; i < std::min(span.end, count() - 1); ++i) {
      x = attentions_[i].forward(x, group, tape != nullptr ? &tape->attentions[i] : nullptr);
      x = mlps_[i].forward(x, tape != nullptr ? &tape->mlps[i] : nullptr);
    }
    if (span.end < count()) return x;
    x = last_attention_.forward(x, group, tape != nullptr ? &tape->last_attention : nullptr);
    x = mlps_.back().forward(x, tape != nullptr ? &tape->mlps.back() : nullptr);
    const LayerNorm::Normed normed = final_norm_.forward(x);
    if (tape != nullptr) {
      tape->x = x;
      tape->mean = normed.mean;
      tape->rstd = normed.rstd;
    }
    return projection_(normed.y);
  }

  /// Rows through one block with changes, as forward() takes them through the others; differentiable by
  /// LibTorch.
  Tensor changed(const Tensor& x, const PackedPrompts& group, const BlockChange& change) const {
    if (change.block + 1 < count()) {
      const FrozenAttention& attention = attentions_[change.block];
      const Tensor y = mlps_[change.block].changed(attention.changed(x, group, change), change);
      return change.branch.output ? with_branch(y, change.branch, attention.normed(x, change)) : y;
    }
    Tensor y = mlps_.back().changed(last_attention_.changed(x, group, change), change);
    if (change.branch.output) y = with_branch(y, change.branch, last_attention_.normed(x, group, change));
    return projection_(final_norm_(y));
  }

  /// Gradient of what forward() gave -> [B, rows, W] of the first `rows` rows that went in.
  Tensor backward(Tensor g, const PackedPrompts& group, Span span, const Tape& tape, int64_t rows) const {
    if (span.end == count()) {
      g = final_norm_.gradient(projection_.gradient(g), tape.x, tape.mean, tape.rstd);
      g = mlps_.back().backward(g, tape.mlps.back());
      g = last_attention_.backward(g, group, tape.last_attention);
    }
    for (int64_t i = std::min(span.end, count() - 1); i-- > span.begin;) {
      g = mlps_[i].backward(g, tape.mlps[i]);
      g = attentions_[i].backward(g, group, tape.attentions[i], i == span.begin ? rows : group.rows());
    }
    return g.narrow(1, 0, rows);
  }

 private:
  static std::string block_name(int64_t i) { return fmt::format("transformer.resblocks.{}.", i); }

  Tensor position_embedding_;  // [context length, W]
  std::vector<FrozenAttention> attentions_;
  FrozenLastAttention last_attention_;
  std::vector<FrozenMlp> mlps_;
  LayerNorm final_norm_;
  Linear projection_;
};

/// What a node of the graph keeps of a forward pass.
struct KeptBlocks : torch::CustomClassHolder {
  std::shared_ptr<const FrozenTower> tower;
  PackedPrompts group;
  Span span;
  Tape tape;

  static c10::intrusive_ptr<KeptBlocks> make(const std::shared_ptr<const FrozenTower>& tower,
                                             const PackedPrompts& group, Span span) {
    auto kept = c10::make_intrusive<KeptBlocks>();
    kept->tower = tower;
    kept->group = group;
    kept->span = span;
    return kept;
  }

  Tensor forward(const Tensor& x) { return tower->forward(x, group, span, &tape); }

  Tensor backward(const Tensor& g, int64_t rows) const {
    return tower->backward(g.contiguous(), group, span, tape, rows);
  }
};

/// TextBlocks::start().
struct FrozenStart : torch::autograd::Function<FrozenStart> {
  static Tensor forward(AutogradContext* context, const Tensor& prefix, const Tensor& suffix,
                        const std::shared_ptr<const FrozenTower>& tower, const PackedPrompts& group,
                        int64_t end) {
    auto kept = KeptBlocks::make(tower, group, {0, end});
    const Tensor result = kept->forward(tower->rows(prefix, suffix, group));
    context->saved_data["kept"] = c10::IValue::make_capsule(std::move(kept));
    context->saved_data["prefixes"] = prefix.size(0);
    context->saved_data["suffix_sizes"] = suffix.sizes();
    context->saved_data["learns_suffix"] = suffix.requires_grad();
    return result;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto capsule = context->saved_data["kept"].toCapsule();
    const auto& kept = *static_cast<const KeptBlocks*>(capsule.get());
    const bool learns_suffix = context->saved_data["learns_suffix"].toBool();
    const int64_t prefix = kept.group.prefix, rows = kept.group.rows();
    const Tensor g = kept.backward(gradients[0], learns_suffix ? rows : prefix);
    Tensor prefix_gradient = g.narrow(1, 0, prefix);
    if (context->saved_data["prefixes"].toInt() == 1) prefix_gradient = prefix_gradient.sum(0, true);
    Tensor suffix_gradient;
    if (learns_suffix) {
      suffix_gradient =
          g.narrow(1, prefix, rows - prefix).sum_to_size(context->saved_data["suffix_sizes"].toIntVector());
    }
    return {prefix_gradient, suffix_gradient, Tensor(), Tensor(), Tensor()};
  }
};

/// TextBlocks::go_on().
struct FrozenGoOn : torch::autograd::Function<FrozenGoOn> {
  static Tensor forward(AutogradContext* context, const Tensor& x,
                        const std::shared_ptr<const FrozenTower>& tower, const PackedPrompts& group,
                        Span span) {
    auto kept = KeptBlocks::make(tower, group, span);
    const Tensor result = kept->forward(x);
    context->saved_data["kept"] = c10::IValue::make_capsule(std::move(kept));
    return result;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto capsule = context->saved_data["kept"].toCapsule();
    const auto& kept = *static_cast<const KeptBlocks*>(capsule.get());
    return {kept.backward(gradients[0], kept.group.rows()), Tensor(), Tensor(), Tensor()};
  }
};

class FrozenTextBlocks final : public TextBlocks {
 public:
  FrozenTextBlocks(const Checkpoint& checkpoint, const Placement& placement)
      : tower_(std::make_shared<FrozenTower>(checkpoint, placement)) {}

  int64_t count() const override { return tower_->count(); }

  Tensor start(const Tensor& prefix, const Tensor& suffix, const PackedPrompts& group, int64_t end,
               const TowerChanges& changes) const override {
    const int64_t first = first_change(changes, 0, end);
    return go_on(start_unchanged(prefix, suffix, group, first), group, first, end, changes);
  }

  Tensor go_on(const Tensor& rows, const PackedPrompts& group, int64_t begin, int64_t end,
               const TowerChanges& changes) const override {
    Tensor x = rows;
    while (begin < end) {
      const int64_t stop = first_change(changes, begin, end);
      if (stop > begin) x = go_on_unchanged(x, group, begin, stop);
      if (stop < end) x = tower_->changed(x, group, *change_of(changes, stop));
      begin = std::min(stop + 1, end);
    }
    return x;
  }

 private:
  /// The first block from `begin` on that has a change, or `end`.
  static int64_t first_change(const TowerChanges& changes, int64_t begin, int64_t end) {
    while (begin < end && change_of(changes, begin) == nullptr) ++begin;
    return begin;
  }

  Tensor start_unchanged(const Tensor& prefix, const Tensor& suffix, const PackedPrompts& group,
                         int64_t end) const {
    if (end == 0) return tower_->rows(prefix, suffix, group);
    if (at::GradMode::is_enabled() && (prefix.requires_grad() || suffix.requires_grad()))
      return FrozenStart::apply(prefix, suffix, tower_, group, end);
    const at::NoGradGuard no_gradients;
    return tower_->forward(tower_->rows(prefix, suffix, group), group, {0, end}, nullptr);
  }

  Tensor go_on_unchanged(const Tensor& x, const PackedPrompts& group, int64_t begin, int64_t end) const {
    if (at::GradMode::is_enabled() && x.requires_grad())
      return FrozenGoOn::apply(x, tower_, group, Span{begin, end});
    const at::NoGradGuard no_gradients;
    return tower_->forward(x, group, {begin, end}, nullptr);
  }

  std::shared_ptr<const FrozenTower> tower_;
};

}  // namespace

std::unique_ptr<TextBlocks> make_frozen_text_blocks(const Checkpoint& checkpoint,
                                                    const Placement& placement) {
  return std::make_unique<FrozenTextBlocks>(checkpoint, placement);
}

}  // namespace promptbed
