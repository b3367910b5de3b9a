#include "clip/text_transformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cmath>

#include "base/interrupt.h"
#include "clip/architecture.h"
#include "clip/recomputed.h"

namespace promptbed {
namespace {

// Images go through in slices of about this many rows: enough to fill the cores, small enough for the caches.
constexpr int64_t kRowsAtOnce = 1024;

// Activations of so many rows are kept for the backward pass; those of more are computed again there. A row
// of ViT-B/16's text tower keeps about 300 KB.
constexpr int64_t kRowsKept = 2048;

/// B, from whichever of the two parts depends on the image.
int64_t batch_of(const PromptBatch& prompts) {
  return std::max(prompts.prefix.size(0), prompts.suffix.dim() == 3 ? prompts.suffix.size(0) : 1);
}

/// Queries, keys and values: [B, R, 3 W] -> [3, B, H, R, d]
Tensor heads(const Tensor& x, int64_t count) {
  return x.unflatten(-1, {3, count, -1}).permute({2, 0, 3, 1, 4});
}

/// softmax(query key^T + mask) value, per head: [B, H, Q, d] and twice [B, H, R, d] -> [B, Q, H d]; the mask
/// is [Q, R].
Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask) {
  const auto flat = [](const Tensor& x) { return x.flatten(0, 1); };
  const auto weights = at::softmax(at::baddbmm(mask, flat(query), flat(key).transpose(1, 2)), -1);
  const auto mixed = at::bmm(weights, flat(value)).unflatten(0, {query.size(0), query.size(1)});
  return mixed.transpose(1, 2).flatten(2);
}

}  // namespace

TextTransformer::TextTransformer(const Checkpoint& checkpoint, const Placement& placement)
    : heads_(checkpoint.text_heads),
      activation_(checkpoint.activation),
      token_embedding_(frozen(checkpoint, "token_embedding.weight", placement)),
      position_embedding_(frozen(checkpoint, "positional_embedding", placement)),
      final_norm_(checkpoint, "ln_final", placement),
      projection_(checkpoint.at("text_projection").t(), Tensor(), placement),
      embedding_width_(checkpoint.at("text_projection").size(1)) {
  const int64_t blocks = count_layers(checkpoint, "transformer");
  if (blocks == 0) throw Error("the checkpoint's text tower has no layers; it is no CLIP");
  blocks_.reserve(blocks);
  for (int64_t i = 0; i < blocks; ++i) blocks_.push_back(read_block(checkpoint, i, placement));
}

TextTransformer::Block TextTransformer::read_block(const Checkpoint& checkpoint, int64_t index,
                                                   const Placement& placement) const {
  const std::string name = fmt::format("transformer.resblocks.{}.", index);
  const auto weight = checkpoint.at(name + "attn.in_proj_weight").to(torch::kFloat);
  const auto bias = checkpoint.at(name + "attn.in_proj_bias").to(torch::kFloat);
  // The scores' factor 1/sqrt(d) goes into the query; for d = 64 it is a power of two, and the change is
  // exact.
  const double scale = 1 / std::sqrt(static_cast<double>(width()) / static_cast<double>(heads_));
  const auto scale_query = [&](const Tensor& x) {
    return at::cat({x.narrow(0, 0, width()) * scale, x.narrow(0, width(), 2 * width())});
  };
  return {LayerNorm(checkpoint, name + "ln_1", placement),
          LayerNorm(checkpoint, name + "ln_2", placement),
          Linear(scale_query(weight), scale_query(bias), placement),
          Linear(checkpoint, name + "attn.out_proj", placement),
          Linear(checkpoint, name + "mlp.c_fc", placement),
          Linear(checkpoint, name + "mlp.c_proj", placement)};
}

Tensor TextTransformer::embed(std::span<const int64_t> tokens) const {
  const auto ids = torch::tensor(at::ArrayRef<int64_t>(tokens.data(), tokens.size()), torch::kLong);
  return token_embedding_.index_select(0, ids.to(token_embedding_.device()));
}

Tensor TextTransformer::encode(const PromptBatch& prompts) const {
  if (prompts.suffix_lengths.empty())
    throw Error("there is no class to encode a prompt for; give class names");
  const int64_t prefix = prompts.prefix.size(1), longest = *std::ranges::max_element(prompts.suffix_lengths);
  if (prefix + longest > context_length()) {
    throw Error(fmt::format(
        "a prompt has {} tokens and the model takes {}; use fewer context tokens or shorter names",
        prefix + longest, context_length()));
  }
  const auto groups = pack_prompts(prefix, prompts.suffix_lengths, position_embedding_.device());
  int64_t rows = 0;
  for (const PackedPrompts& group : groups) rows += batch_of(prompts) * group.rows();
  const bool keeps = !at::GradMode::is_enabled() || rows <= kRowsKept;
  std::vector<Tensor> features;
  for (const PackedPrompts& group : groups) features.push_back(encode_group(prompts, group, keeps));
  return features.size() == 1 ? features.front() : at::cat(features, 1);
}

/// [B, K, D] of the group's classes, images in slices; their activations are kept for the backward pass, or
/// computed again.
Tensor TextTransformer::encode_group(const PromptBatch& prompts, const PackedPrompts& group,
                                     bool keeps) const {
  const int64_t batch = batch_of(prompts), slice = std::max<int64_t>(1, kRowsAtOnce / group.rows());
  const Tensor suffix = prompts.suffix.narrow(-2, group.first_token, group.tokens);
  const auto images = [&](const Tensor& x, int64_t begin) {
    return x.dim() == 3 && x.size(0) > 1 ? x.narrow(0, begin, std::min(slice, batch - begin)) : x;
  };
  const auto encode = [this, group](const Tensor& prefix, const Tensor& own) {
    return encode_rows(prefix, own, group);
  };
  std::vector<Tensor> features;
  for (int64_t begin = 0; begin < batch; begin += slice) {
    if (begin > 0) check_interrupt();
    const Tensor prefix = images(prompts.prefix, begin), own = images(suffix, begin);
    features.push_back(keeps ? encode(prefix, own) : recomputed(encode, prefix, own));
  }
  return features.size() == 1 ? features.front() : at::cat(features);
}

/// prefix [B or 1, P, W], suffix [B, S, W] or [S, W] -> [B, K, D]
Tensor TextTransformer::encode_rows(const Tensor& prefix, const Tensor& suffix,
                                    const PackedPrompts& group) const {
  const int64_t batch = std::max(prefix.size(0), suffix.dim() == 3 ? suffix.size(0) : 1);
  const auto each = [batch](const Tensor& x) { return x.expand({batch, -1, -1}); };
  Tensor x = at::cat({each(prefix), each(suffix)}, 1) + position_embedding_.index_select(0, group.position);
  for (size_t i = 0; i + 1 < blocks_.size(); ++i) {
    x = x + attend(blocks_[i], x, group);
    x = x + mlp(blocks_[i], x);
  }
  x = x.index_select(1, group.last_row) + attend_last_rows(blocks_.back(), x, group);
  x = x + mlp(blocks_.back(), x);
  return projection_(final_norm_(x));
}

Tensor TextTransformer::attend(const Block& block, const Tensor& x, const PackedPrompts& group) const {
  const auto qkv = heads(block.query_key_value(block.attention_norm(x)), heads_);
  return block.attention_output(attention(qkv[0], qkv[1], qkv[2], group.mask));
}

/// The same for the EOS rows alone: [B, K, W].
Tensor TextTransformer::attend_last_rows(const Block& block, const Tensor& x,
                                         const PackedPrompts& group) const {
  const auto qkv = heads(block.query_key_value(block.attention_norm(x)), heads_);
  const auto query = qkv[0].index_select(2, group.last_row);
  return block.attention_output(attention(query, qkv[1], qkv[2], group.last_mask));
}

Tensor TextTransformer::mlp(const Block& block, const Tensor& x) const {
  return block.mlp_out(activate(block.mlp_in(block.mlp_norm(x)), activation_));
}

Tensor encode_texts(const TextEncoder& encoder, const Tokenizer& tokenizer,
                    std::span<const std::string> texts) {
  PromptBatch prompts;
  std::vector<int64_t> suffix;
  for (const std::string& text : texts) {
    const auto tokens = tokenizer.encode(text);
    const auto length = static_cast<int64_t>(tokens.size()) + 2;
    if (length > encoder.context_length()) {
      throw Error(fmt::format("\"{}\" has {} tokens and the model takes {}; shorten it", text, length,
                              encoder.context_length()));
    }
    suffix.insert(suffix.end(), tokens.begin(), tokens.end());
    suffix.push_back(tokenizer.end_of_text());
    prompts.suffix_lengths.push_back(length - 1);
  }
  const int64_t start = tokenizer.start_of_text();
  prompts.prefix = encoder.embed(std::span(&start, 1)).unsqueeze(0);
  prompts.suffix = encoder.embed(suffix);
  return encoder.encode(prompts).squeeze(0);
}

}  // namespace promptbed
