#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "clip/towers/layers.h"
#include "clip/towers/prompt_attention.h"
#include "clip/towers/text_blocks.h"

namespace promptbed {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kQuickGeluSlope = 1.702;

/// x -> x + contract(activation(expand(norm(x)))).
///
/// Quick GELU is a scaled SiLU: x sigmoid(1.702 x) = silu(1.702 x) / 1.702. The two factors are folded into
/// the frozen weights, so the activation is one operator forward and one backward.
class FrozenMlp {
 public:
  FrozenMlp(const Checkpoint& checkpoint, const std::string& block, const Placement& placement)
      : quick_(checkpoint.activation == Activation::quick_gelu),
        norm_(checkpoint, block + "ln_2", placement),
        expand_(in_units(checkpoint, block + "mlp.c_fc.weight", slope()),
                in_units(checkpoint, block + "mlp.c_fc.bias", slope()), placement),
        contract_(in_units(checkpoint, block + "mlp.c_proj.weight", 1 / slope()),
                  in_units(checkpoint, block + "mlp.c_proj.bias", 1), placement) {}

  /// What the backward pass needs: the input, its rows' statistics and the hidden layer.
  struct Tape {
    Tensor x, mean, rstd, hidden;
  };

  Tensor forward(const Tensor& x, Tape* tape) const {
    auto [y, mean, rstd] = norm_.forward(x);
    Tensor hidden = expand_(y);
    if (tape == nullptr) {
      quick_ ? at::silu_(hidden) : at::gelu_(hidden);
      return contract_.added(x, hidden);
    }
    *tape = {x, mean, rstd, hidden};
    return contract_.added(x, quick_ ? at::silu(hidden) : at::gelu(hidden));
  }

  Tensor backward(const Tensor& g, const Tape& tape) const {
    const Tensor activated = contract_.gradient(g);
    const Tensor hidden =
        quick_ ? at::silu_backward(activated, tape.hidden) : at::gelu_backward(activated, tape.hidden);
    return norm_.gradient(expand_.gradient(hidden), tape.x, tape.mean, tape.rstd).add_(g);
  }

 private:
  double slope() const { return quick_ ? kQuickGeluSlope : 1; }

  static Tensor in_units(const Checkpoint& checkpoint, const std::string& name, double factor) {
    const Tensor& x = checkpoint.at(name);
    return factor == 1 ? x : x.to(torch::kFloat) * factor;
  }

  bool quick_;
  LayerNorm norm_;
  Linear expand_, contract_;
};

/// Attention of all rows: x -> x + output(attention(query_key_value(norm(x)))).
class FrozenAttention {
 public:
  FrozenAttention(const Checkpoint& checkpoint, const std::string& block, const Placement& placement)
      : heads_(checkpoint.text_heads),
        norm_(checkpoint, block + "ln_1", placement),
        query_key_value_(make_query_key_value(checkpoint, block, placement)),
        output_(checkpoint, block + "attn.out_proj", placement) {}

  struct Tape {
    Tensor x, mean, rstd, query_key_value, weights;
  };

  Tensor forward(const Tensor& x, const PackedPrompts& group, Tape* tape) const {
    auto [y, mean, rstd] = norm_.forward(x);
    const Tensor qkv = query_key_value_(y);
    const auto [query, key, value] = thirds(qkv);
    Tensor weights;
    const Tensor mixed = PromptAttention(group, group.every_row, heads_).forward(query, key, value, weights);
    if (tape != nullptr) *tape = {x, mean, rstd, qkv, weights};
    return output_.added(x, mixed);
  }

  /// The gradient of only the first `rows` rows of x, [B, rows, W]: the others are constants.
  Tensor backward(const Tensor& g, const PackedPrompts& group, const Tape& tape, int64_t rows) const {
    const auto [query, key, value] = thirds(tape.query_key_value);
    Tensor gradient = at::zeros_like(tape.query_key_value);
    const auto [query_gradient, key_gradient, value_gradient] = thirds(gradient);
    PromptAttention(group, group.every_row, heads_)
        .backward(output_.gradient(g), query, key, value, tape.weights, query_gradient, key_gradient,
                  value_gradient);
    const auto first = [rows](const Tensor& x) { return x.narrow(1, 0, rows).contiguous(); };
    return norm_
        .gradient(query_key_value_.gradient(first(gradient)), first(tape.x), first(tape.mean),
                  first(tape.rstd))
        .add_(g.narrow(1, 0, rows));
  }

 private:
  static Linear make_query_key_value(const Checkpoint& checkpoint, const std::string& block,
                                     const Placement& placement) {
    const auto [weight, bias] = scaled_query_key_value(checkpoint, block);
    return Linear(weight, bias, placement);
  }

  static std::tuple<Tensor, Tensor, Tensor> thirds(const Tensor& x) {
    const int64_t width = x.size(-1) / 3;
    return {x.narrow(-1, 0, width), x.narrow(-1, width, width), x.narrow(-1, 2 * width, width)};
  }

  int64_t heads_;
  LayerNorm norm_;
  Linear query_key_value_, output_;
};

/// The last block's attention: keys and values of all rows, queries of the EOS rows only.
class FrozenLastAttention {
 public:
  FrozenLastAttention(const Checkpoint& checkpoint, const std::string& block, const Placement& placement)
      : heads_(checkpoint.text_heads),
        norm_(checkpoint, block + "ln_1", placement),
        query_(part(checkpoint, block, placement, 0, 1)),
        key_value_(part(checkpoint, block, placement, 1, 2)),
        output_(checkpoint, block + "attn.out_proj", placement) {}

  struct Tape {
    Tensor x, mean, rstd, query, key_value, weights;
  };

  /// [B, R, W] -> [B, K, W]
  Tensor forward(const Tensor& x, const PackedPrompts& group, Tape* tape) const {
    auto [y, mean, rstd] = norm_.forward(x);
    const Tensor query = query_(y.index_select(1, group.last_row)), key_value = key_value_(y);
    const auto [key, value] = halves(key_value);
    Tensor weights;
    const Tensor mixed = PromptAttention(group, group.last_row, heads_).forward(query, key, value, weights);
    if (tape != nullptr) *tape = {x, mean, rstd, query, key_value, weights};
    return output_.added(x.index_select(1, group.last_row), mixed);
  }

  /// [B, K, W] -> [B, R, W]
  Tensor backward(const Tensor& g, const PackedPrompts& group, const Tape& tape) const {
    const auto [key, value] = halves(tape.key_value);
    const Tensor query_gradient = at::zeros_like(tape.query), gradient = at::zeros_like(tape.key_value);
    const auto [key_gradient, value_gradient] = halves(gradient);
    PromptAttention(group, group.last_row, heads_)
        .backward(output_.gradient(g), tape.query, key, value, tape.weights, query_gradient, key_gradient,
                  value_gradient);
    Tensor normed = key_value_.gradient(gradient);
    normed.index_add_(1, group.last_row, query_.gradient(query_gradient));
    return norm_.gradient(normed, tape.x, tape.mean, tape.rstd).index_add_(1, group.last_row, g);
  }

 private:
  /// `count` of the three parts (queries, keys, values), from the first-th on.
  static Linear part(const Checkpoint& checkpoint, const std::string& block, const Placement& placement,
                     int64_t first, int64_t count) {
    const auto [weight, bias] = scaled_query_key_value(checkpoint, block);
    const int64_t width = weight.size(1);
    return Linear(weight.narrow(0, first * width, count * width),
                  bias.narrow(0, first * width, count * width), placement);
  }

  static std::pair<Tensor, Tensor> halves(const Tensor& x) {
    const int64_t width = x.size(-1) / 2;
    return {x.narrow(-1, 0, width), x.narrow(-1, width, width)};
  }

  int64_t heads_;
  LayerNorm norm_;
  Linear query_, key_value_, output_;
};

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
struct Kept : torch::CustomClassHolder {
  std::shared_ptr<const FrozenTower> tower;
  PackedPrompts group;
  Span span;
  Tape tape;

  static c10::intrusive_ptr<Kept> make(const std::shared_ptr<const FrozenTower>& tower,
                                       const PackedPrompts& group, Span span) {
    auto kept = c10::make_intrusive<Kept>();
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
    auto kept = Kept::make(tower, group, {0, end});
    const Tensor result = kept->forward(tower->rows(prefix, suffix, group));
    context->saved_data["kept"] = c10::IValue::make_capsule(std::move(kept));
    context->saved_data["prefixes"] = prefix.size(0);
    context->saved_data["suffix_sizes"] = suffix.sizes();
    context->saved_data["learns_suffix"] = suffix.requires_grad();
    return result;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto capsule = context->saved_data["kept"].toCapsule();
    const auto& kept = *static_cast<const Kept*>(capsule.get());
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
    auto kept = Kept::make(tower, group, span);
    const Tensor result = kept->forward(x);
    context->saved_data["kept"] = c10::IValue::make_capsule(std::move(kept));
    return result;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto capsule = context->saved_data["kept"].toCapsule();
    const auto& kept = *static_cast<const Kept*>(capsule.get());
    return {kept.backward(gradients[0], kept.group.rows()), Tensor(), Tensor(), Tensor()};
  }
};

class FrozenTextBlocks final : public TextBlocks {
 public:
  FrozenTextBlocks(const Checkpoint& checkpoint, const Placement& placement)
      : tower_(std::make_shared<FrozenTower>(checkpoint, placement)) {}

  int64_t count() const override { return tower_->count(); }

  Tensor start(const Tensor& prefix, const Tensor& suffix, const PackedPrompts& group,
               int64_t end) const override {
    if (at::GradMode::is_enabled() && (prefix.requires_grad() || suffix.requires_grad()))
      return FrozenStart::apply(prefix, suffix, tower_, group, end);
    const at::NoGradGuard no_gradients;
    return tower_->forward(tower_->rows(prefix, suffix, group), group, {0, end}, nullptr);
  }

  Tensor go_on(const Tensor& x, const PackedPrompts& group, int64_t begin, int64_t end) const override {
    if (at::GradMode::is_enabled() && x.requires_grad())
      return FrozenGoOn::apply(x, tower_, group, Span{begin, end});
    const at::NoGradGuard no_gradients;
    return tower_->forward(x, group, {begin, end}, nullptr);
  }

 private:
  std::shared_ptr<const FrozenTower> tower_;
};

}  // namespace

std::unique_ptr<TextBlocks> make_frozen_text_blocks(const Checkpoint& checkpoint,
                                                    const Placement& placement) {
  return std::make_unique<FrozenTextBlocks>(checkpoint, placement);
}

}  // namespace promptbed
