#include "clip/towers/text_blocks.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "clip/checkpoints/architecture.h"
#include "clip/towers/layers.h"
#include "clip/towers/tower_changes.h"

namespace promptbed {
namespace {

/// Queries, keys and values of all heads, [B, H, R, d] each.
struct Heads {
  Tensor query, key, value;
};

/// softmax(query key^T + mask) value, per head: [B, H, Q, d] and twice [B, H, R, d] -> [B, Q, H d]; the mask
/// is [Q, R].
Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask) {
  const auto flat = [](const Tensor& x) { return x.flatten(0, 1); };
  const auto weights = at::softmax(at::baddbmm(mask, flat(query), flat(key).transpose(1, 2)), -1);
  const auto mixed = at::bmm(weights, flat(value)).unflatten(0, {query.size(0), query.size(1)});
  return mixed.transpose(1, 2).flatten(2);
}

class DifferentiableTextBlocks final : public TextBlocks {
 public:
  DifferentiableTextBlocks(const Checkpoint& checkpoint, const Placement& placement)
      : heads_(checkpoint.text_heads),
        activation_(checkpoint.activation),
        position_embedding_(frozen(checkpoint, "positional_embedding", placement)),
        final_norm_(checkpoint, "ln_final", placement),
        projection_(checkpoint.at("text_projection").t(), Tensor(), placement) {
    for (int64_t i = 0; i < count_text_blocks(checkpoint); ++i) {
      const std::string name = fmt::format("transformer.resblocks.{}.", i);
      const auto [weight, bias] = scaled_query_key_value(checkpoint, name);
      blocks_.push_back({LayerNorm(checkpoint, name + "ln_1", placement),
                         LayerNorm(checkpoint, name + "ln_2", placement), Linear(weight, bias, placement),
                         Linear(checkpoint, name + "attn.out_proj", placement),
                         Linear(checkpoint, name + "mlp.c_fc", placement),
                         Linear(checkpoint, name + "mlp.c_proj", placement)});
    }
  }

  int64_t count() const override { return static_cast<int64_t>(blocks_.size()); }

  Tensor start(const Tensor& prefix, const Tensor& suffix, const PackedPrompts& group, int64_t end,
               const TowerChanges& changes) const override {
    return go_on(packed_rows(prefix, suffix, position_embedding_, group), group, 0, end, changes);
  }

  Tensor go_on(const Tensor& rows, const PackedPrompts& group, int64_t begin, int64_t end,
               const TowerChanges& changes) const override {
    const Tensor mask = group.mask();
    Tensor x = rows;
    for (int64_t i = begin; i < std::min(end, count() - 1); ++i) {
      const BlockChange change = change_or_none(changes, i);
      const Tensor entering = normed(blocks_[i], change, x);
      const auto [query, key, value] = heads_of(blocks_[i], change, entering);
      x = x + output(blocks_[i], change, attention(query, key, value, mask));
      x = with_branch(x + mlp(blocks_[i], change, x), change.branch, entering);
    }
    return end == count() ? read_out(x, group, mask, change_or_none(changes, count() - 1)) : x;
  }

 private:
  struct Block {
    LayerNorm attention_norm, mlp_norm;
    Linear query_key_value, attention_output, mlp_in, mlp_out;
  };

  /// The last block and the projection. Behind that block's keys and values only the EOS rows matter.
  Tensor read_out(Tensor x, const PackedPrompts& group, const Tensor& mask, const BlockChange& change) const {
    const Block& last = blocks_.back();
    const Tensor entering = normed(last, change, x);
    const auto ends = [&](const Tensor& rows) { return rows.index_select(1, group.last_row); };
    const auto [query, key, value] = heads_of(last, change, entering, ends);
    const Tensor mixed = attention(query, key, value, mask.index_select(0, group.last_row));
    x = ends(x) + output(last, change, mixed);
    x = with_branch(x + mlp(last, change, x), change.branch, ends(entering));
    return projection_(final_norm_(x));
  }

  static Tensor normed(const Block& block, const BlockChange& change, const Tensor& x) {
    return changed(block.attention_norm, change.attention_norm, x);
  }

  using Rows = std::function<Tensor(const Tensor&)>;

  static Tensor all(const Tensor& rows) { return rows; }

  /// Keys and values of normed rows y, and queries of those that ask.
  Heads heads_of(const Block& block, const BlockChange& change, const Tensor& y,
                 const Rows& asking = all) const {
    const Tensor qkv = block.query_key_value(y);
    const int64_t width = y.size(-1);
    const auto part = [&](int64_t i, const LowRank& low_rank, const Rows& of, double factor) {
      const Tensor rows = changed(of(qkv.narrow(-1, i * width, width)), low_rank, of(y), factor);
      return rows.unflatten(-1, {heads_, -1}).transpose(1, 2);
    };
    return {part(0, change.query, asking, query_scale(width, heads_)), part(1, change.key, all, 1),
            part(2, change.value, all, 1)};
  }

  static Tensor output(const Block& block, const BlockChange& change, const Tensor& mixed) {
    return changed(block.attention_output(mixed), change.output, mixed);
  }

  Tensor mlp(const Block& block, const BlockChange& change, const Tensor& x) const {
    return block.mlp_out(activate(block.mlp_in(changed(block.mlp_norm, change.mlp_norm, x)), activation_));
  }

  int64_t heads_;
  Activation activation_;
  Tensor position_embedding_;  // [context length, W]
  std::vector<Block> blocks_;
  LayerNorm final_norm_;
  Linear projection_;
};

}  // namespace

std::unique_ptr<TextBlocks> make_differentiable_text_blocks(const Checkpoint& checkpoint,
                                                            const Placement& placement) {
  return std::make_unique<DifferentiableTextBlocks>(checkpoint, placement);
}

double query_scale(int64_t width, int64_t heads) {
  return 1 / std::sqrt(static_cast<double>(width) / static_cast<double>(heads));
}

std::pair<Tensor, Tensor> scaled_query_key_value(const Checkpoint& checkpoint, const std::string& block) {
  const Tensor weight = checkpoint.at(block + "attn.in_proj_weight").to(torch::kFloat);
  const Tensor bias = checkpoint.at(block + "attn.in_proj_bias").to(torch::kFloat);
  const int64_t width = weight.size(1);
  const double scale = query_scale(width, checkpoint.text_heads);
  const auto scale_query = [&](const Tensor& x) {
    return at::cat({x.narrow(0, 0, width) * scale, x.narrow(0, width, 2 * width)});
  };
  return {scale_query(weight), scale_query(bias)};
}

int64_t count_text_blocks(const Checkpoint& checkpoint) {
  const int64_t blocks = count_layers(checkpoint, "transformer");
  if (blocks == 0) throw Error("the checkpoint's text tower has no layers; it is not a CLIP");
  return blocks;
}

Tensor packed_rows(const Tensor& prefix, const Tensor& suffix, const Tensor& position_embedding,
                   const PackedPrompts& group) {
  const int64_t batch = std::max(prefix.size(0), suffix.dim() == 3 ? suffix.size(0) : 1);
  const auto each = [batch](const Tensor& x) { return x.expand({batch, -1, -1}); };
  return at::cat({each(prefix), each(suffix)}, 1) + position_embedding.index_select(0, group.position);
}

}  // namespace promptbed
