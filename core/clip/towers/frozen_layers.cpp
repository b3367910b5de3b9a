#include "clip/towers/frozen_layers.h"

#include <ATen/ATen.h>

#include <tuple>
#include <utility>

#include "clip/towers/prompt_attention.h"
#include "clip/towers/text_blocks.h"
#include "clip/towers/tower_changes.h"

namespace promptbed {
namespace {

/// What an activation's input is multiplied by, so that SiLU computes quick GELU.
double slope_of(const Checkpoint& checkpoint) {
  return checkpoint.activation == Activation::quick_gelu ? kQuickGeluSlope : 1;
}

Tensor scaled(const Checkpoint& checkpoint, const std::string& name, double factor) {
  const Tensor& x = checkpoint.at(name);
  return factor == 1 ? x : x.to(torch::kFloat) * factor;
}

/// `count` of the three parts (queries, keys, values), from the first-th on.
Linear query_key_value_part(const Checkpoint& checkpoint, const std::string& block,
                            const Placement& placement, int64_t first, int64_t count) {
  const auto [weight, bias] = scaled_query_key_value(checkpoint, block);
  const int64_t width = weight.size(1);
  return Linear(weight.narrow(0, first * width, count * width), bias.narrow(0, first * width, count * width),
                placement);
}

std::tuple<Tensor, Tensor, Tensor> thirds(const Tensor& x) {
  const int64_t width = x.size(-1) / 3;
  return {x.narrow(-1, 0, width), x.narrow(-1, width, width), x.narrow(-1, 2 * width, width)};
}

std::pair<Tensor, Tensor> halves(const Tensor& x) {
  const int64_t width = x.size(-1) / 2;
  return {x.narrow(-1, 0, width), x.narrow(-1, width, width)};
}

}  // namespace

FrozenMlp::FrozenMlp(const Checkpoint& checkpoint, const std::string& block, const Placement& placement)
    : quick_(checkpoint.activation == Activation::quick_gelu),
      norm_(checkpoint, block + "ln_2", placement),
      expand_(scaled(checkpoint, block + "mlp.c_fc.weight", slope_of(checkpoint)),
              scaled(checkpoint, block + "mlp.c_fc.bias", slope_of(checkpoint)), placement),
      contract_(scaled(checkpoint, block + "mlp.c_proj.weight", 1 / slope_of(checkpoint)),
                scaled(checkpoint, block + "mlp.c_proj.bias", 1), placement) {}

Tensor FrozenMlp::forward(const Tensor& x, Tape* tape) const {
  auto [y, mean, rstd] = norm_.forward(x);
  Tensor hidden = expand_(y);
  if (tape == nullptr) {
    quick_ ? at::silu_(hidden) : at::gelu_(hidden);
    return contract_.added(x, hidden);
  }
  *tape = {x, mean, rstd, hidden};
  return contract_.added(x, quick_ ? at::silu(hidden) : at::gelu(hidden));
}

Tensor FrozenMlp::backward(const Tensor& g, const Tape& tape) const {
  const Tensor activated = contract_.gradient(g);
  const Tensor hidden =
      quick_ ? at::silu_backward(activated, tape.hidden) : at::gelu_backward(activated, tape.hidden);
  return norm_.gradient(expand_.gradient(hidden), tape.x, tape.mean, tape.rstd).add_(g);
}

Tensor FrozenMlp::changed(const Tensor& x, const BlockChange& change) const {
  const Tensor hidden = expand_(promptbed::changed(norm_, change.mlp_norm, x));
  return x + contract_(quick_ ? at::silu(hidden) : at::gelu(hidden));
}

FrozenAttention::FrozenAttention(const Checkpoint& checkpoint, const std::string& block,
                                 const Placement& placement)
    : heads_(checkpoint.text_heads),
      norm_(checkpoint, block + "ln_1", placement),
      query_key_value_(query_key_value_part(checkpoint, block, placement, 0, 3)),
      output_(checkpoint, block + "attn.out_proj", placement) {}

Tensor FrozenAttention::forward(const Tensor& x, const PackedPrompts& group, Tape* tape) const {
  auto [y, mean, rstd] = norm_.forward(x);
  const Tensor qkv = query_key_value_(y);
  const auto [query, key, value] = thirds(qkv);
  Tensor weights;
  const Tensor mixed = PromptAttention(group, group.every_row, heads_).forward(query, key, value, weights);
  if (tape != nullptr) *tape = {x, mean, rstd, qkv, weights};
  return output_.added(x, mixed);
}

Tensor FrozenAttention::backward(const Tensor& g, const PackedPrompts& group, const Tape& tape,
                                 int64_t rows) const {
  const auto [query, key, value] = thirds(tape.query_key_value);
  Tensor gradient = at::zeros_like(tape.query_key_value);
  const auto [query_gradient, key_gradient, value_gradient] = thirds(gradient);
  PromptAttention(group, group.every_row, heads_)
      .backward(output_.gradient(g), query, key, value, tape.weights, query_gradient, key_gradient,
                value_gradient);
  const auto first = [rows](const Tensor& x) { return x.narrow(1, 0, rows).contiguous(); };
  return norm_
      .gradient(query_key_value_.gradient(first(gradient)), first(tape.x), first(tape.mean), first(tape.rstd))
      .add_(g.narrow(1, 0, rows));
}

Tensor FrozenAttention::changed(const Tensor& x, const PackedPrompts& group,
                                const BlockChange& change) const {
  const Tensor y = promptbed::changed(norm_, change.attention_norm, x);
  const auto [query, key, value] = thirds(query_key_value_(y));
  const Tensor mixed =
      attend_prompts(promptbed::changed(query, change.query, y, query_scale(y.size(-1), heads_)),
                     promptbed::changed(key, change.key, y), promptbed::changed(value, change.value, y),
                     group, group.every_row, heads_);
  return x + promptbed::changed(output_(mixed), change.output, mixed);
}

Tensor FrozenAttention::normed(const Tensor& x, const BlockChange& change) const {
  return promptbed::changed(norm_, change.attention_norm, x);
}

FrozenLastAttention::FrozenLastAttention(const Checkpoint& checkpoint, const std::string& block,
                                         const Placement& placement)
    : heads_(checkpoint.text_heads),
      norm_(checkpoint, block + "ln_1", placement),
      query_(query_key_value_part(checkpoint, block, placement, 0, 1)),
      key_value_(query_key_value_part(checkpoint, block, placement, 1, 2)),
      output_(checkpoint, block + "attn.out_proj", placement) {}

Tensor FrozenLastAttention::forward(const Tensor& x, const PackedPrompts& group, Tape* tape) const {
  auto [y, mean, rstd] = norm_.forward(x);
  const Tensor query = query_(y.index_select(1, group.last_row)), key_value = key_value_(y);
  const auto [key, value] = halves(key_value);
  Tensor weights;
  const Tensor mixed = PromptAttention(group, group.last_row, heads_).forward(query, key, value, weights);
  if (tape != nullptr) *tape = {x, mean, rstd, query, key_value, weights};
  return output_.added(x.index_select(1, group.last_row), mixed);
}

Tensor FrozenLastAttention::backward(const Tensor& g, const PackedPrompts& group, const Tape& tape) const {
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

Tensor FrozenLastAttention::changed(const Tensor& x, const PackedPrompts& group,
                                    const BlockChange& change) const {
  const Tensor y = promptbed::changed(norm_, change.attention_norm, x);
  const Tensor asking = y.index_select(1, group.last_row);
  const auto [key, value] = halves(key_value_(y));
  const Tensor mixed = attend_prompts(
      promptbed::changed(query_(asking), change.query, asking, query_scale(y.size(-1), heads_)),
      promptbed::changed(key, change.key, y), promptbed::changed(value, change.value, y), group,
      group.last_row, heads_);
  return x.index_select(1, group.last_row) + promptbed::changed(output_(mixed), change.output, mixed);
}

Tensor FrozenLastAttention::normed(const Tensor& x, const PackedPrompts& group,
                                   const BlockChange& change) const {
  return promptbed::changed(norm_, change.attention_norm, x.index_select(1, group.last_row));
}

}  // namespace promptbed
