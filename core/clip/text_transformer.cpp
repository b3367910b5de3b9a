#include "clip/text_transformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/interrupt.h"
#include "clip/architecture.h"

namespace promptbed {
namespace {

// Without gradients, images go through in groups of about this many token rows: enough to fill the cores,
// small enough for the caches and for ImageNet's thousand classes.
constexpr int64_t kRowsAtOnce = 16384;

constexpr float kMasked = -std::numeric_limits<float>::infinity();

/// [n, n]: 0 where row i may see column j (j <= i), minus infinity elsewhere.
Tensor causal_mask(int64_t n, torch::Device device) {
  return at::full({n, n}, kMasked, torch::dtype(torch::kFloat).device(device)).triu(1);
}

/// softmax(scores) over keys that are split in two: P shared ones and the L of the class itself.
///   query [B, H, K, Q, d]; shared keys and values [B, H, P, d]; own ones [B, H, K, L, d]; mask broadcasts to
///   [K, Q, L].
Tensor attend_to_shared_and_own(const Tensor& query, const Tensor& shared_key, const Tensor& shared_value,
                                const Tensor& own_key, const Tensor& own_value, const Tensor& mask) {
  const int64_t shared = shared_key.size(2);
  const auto flat = query.flatten(2, 3);  // [B, H, K Q, d]
  const auto shared_scores =
      at::matmul(flat, shared_key.transpose(-1, -2)).unflatten(2, {query.size(2), query.size(3)});
  const auto own_scores = at::matmul(query, own_key.transpose(-1, -2)) + mask;
  const auto weights = at::softmax(at::cat({shared_scores, own_scores}, -1), -1);
  const auto from_shared = at::matmul(weights.narrow(-1, 0, shared).flatten(2, 3), shared_value);
  const auto from_own = at::matmul(weights.narrow(-1, shared, own_key.size(3)), own_value);
  return from_shared.view_as(from_own) + from_own;
}

}  // namespace

/// Where the tokens of a PromptBatch go: row 0..P-1 the prefix, then K suffixes of L rows each, L the
/// longest's length. Shorter suffixes end in rows that nothing attends to.
class TextTransformer::Layout {
 public:
  Layout(const PromptBatch& prompts, torch::Device device)
      : prefix(prompts.prefix.size(1)),
        classes(static_cast<int64_t>(prompts.suffix_lengths.size())),
        longest(*std::max_element(prompts.suffix_lengths.begin(), prompts.suffix_lengths.end())) {
    std::vector<int64_t> source(classes * longest), last(classes);
    std::vector<float> seen(classes * longest, kMasked);
    int64_t begin = 0;
    for (int64_t k = 0; k < classes; ++k) {
      const int64_t length = prompts.suffix_lengths[k];
      for (int64_t j = 0; j < longest; ++j) source[k * longest + j] = begin + std::min(j, length - 1);
      last[k] = k * longest + length - 1;
      std::fill_n(seen.begin() + k * longest, length, 0.0f);
      begin += length;
    }
    packed_row = torch::tensor(source, torch::kLong).to(device);
    last_row = torch::tensor(last, torch::kLong).to(device);
    seen_by_last = torch::tensor(seen, torch::kFloat).view({classes, 1, longest}).to(device);
    causal_prefix = causal_mask(prefix, device);
    causal_suffix = causal_mask(longest, device);
  }

  int64_t rows() const { return prefix + classes * longest; }

  int64_t prefix, classes, longest;  // P, K, L
  Tensor packed_row;                 // [K L] row of the packed suffix that each suffix row shows
  Tensor last_row;                   // [K] suffix row of each class's EOS
  Tensor seen_by_last;               // [K, 1, L] mask of what the EOS sees
  Tensor causal_prefix;              // [P, P]
  Tensor causal_suffix;              // [L, L]
};

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
  return {LayerNorm(checkpoint, name + "ln_1", placement),
          LayerNorm(checkpoint, name + "ln_2", placement),
          Linear(weight.narrow(0, 0, width()) * scale, bias.narrow(0, 0, width()) * scale, placement),
          Linear(weight.narrow(0, width(), 2 * width()), bias.narrow(0, width(), 2 * width()), placement),
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
  const Layout layout(prompts, position_embedding_.device());
  if (layout.prefix + layout.longest > context_length()) {
    throw Error(fmt::format(
        "a prompt has {} tokens and the model takes {}; use fewer context tokens or shorter names",
        layout.prefix + layout.longest, context_length()));
  }
  const int64_t batch =
      std::max(prompts.prefix.size(0), prompts.suffix.dim() == 3 ? prompts.suffix.size(0) : 1);
  const auto prefix =
      (prompts.prefix + position_embedding_.narrow(0, 0, layout.prefix)).expand({batch, -1, -1});
  const auto suffix_position =
      position_embedding_.narrow(0, layout.prefix, layout.longest).repeat({layout.classes, 1});
  const auto suffix =
      (prompts.suffix.index_select(-2, layout.packed_row) + suffix_position).expand({batch, -1, -1});

  const int64_t group =
      at::GradMode::is_enabled() ? batch : std::max<int64_t>(1, kRowsAtOnce / layout.rows());
  if (group >= batch) return encode_rows(prefix, suffix, layout);
  std::vector<Tensor> features;
  for (int64_t begin = 0; begin < batch; begin += group) {
    check_interrupt();
    const int64_t count = std::min(group, batch - begin);
    features.push_back(encode_rows(prefix.narrow(0, begin, count), suffix.narrow(0, begin, count), layout));
  }
  return at::cat(features);
}

/// prefix [B, P, W], suffix [B, K L, W], both with positions -> [B, K, D].
Tensor TextTransformer::encode_rows(const Tensor& prefix, const Tensor& suffix, const Layout& layout) const {
  Tensor x = at::cat({prefix, suffix}, 1);
  for (size_t i = 0; i + 1 < blocks_.size(); ++i) {
    x = x + attend(blocks_[i], x, layout);
    x = x + mlp(blocks_[i], x);
  }
  x = x.index_select(1, layout.last_row + layout.prefix) + attend_last_tokens(blocks_.back(), x, layout);
  x = x + mlp(blocks_.back(), x);
  return projection_(final_norm_(x));
}

/// [B, R, n W] -> [n B, H, R, d], the n parts one after the other.
Tensor TextTransformer::heads(const Tensor& x) const {
  return x.unflatten(-1, {-1, heads_, width() / heads_}).permute({2, 0, 3, 1, 4}).flatten(0, 1);
}

Tensor TextTransformer::attend(const Block& block, const Tensor& x, const Layout& layout) const {
  const auto normed = block.attention_norm(x);
  const auto query = heads(block.query(normed));
  const auto key_value = heads(block.key_value(normed)).chunk(2);
  const auto prefix_part = [&](const Tensor& t) { return t.narrow(2, 0, layout.prefix); };
  const auto suffix_part = [&](const Tensor& t) {
    return t.narrow(2, layout.prefix, layout.classes * layout.longest)
        .unflatten(2, {layout.classes, layout.longest});
  };
  const auto shared_key = prefix_part(key_value[0]);
  const auto shared_value = prefix_part(key_value[1]);

  const auto prefix_scores =
      at::matmul(prefix_part(query), shared_key.transpose(-1, -2)) + layout.causal_prefix;
  const auto prefix = at::matmul(at::softmax(prefix_scores, -1), shared_value);
  const auto suffix =
      attend_to_shared_and_own(suffix_part(query), shared_key, shared_value, suffix_part(key_value[0]),
                               suffix_part(key_value[1]), layout.causal_suffix);
  return block.attention_output(at::cat({prefix, suffix.flatten(2, 3)}, 2).transpose(1, 2).flatten(2));
}

/// The same for the EOS rows alone: [B, K, W].
Tensor TextTransformer::attend_last_tokens(const Block& block, const Tensor& x, const Layout& layout) const {
  const auto normed = block.attention_norm(x);
  const auto query = heads(block.query(normed.index_select(1, layout.last_row + layout.prefix)));
  const auto key_value = heads(block.key_value(normed)).chunk(2);
  const auto own = [&](const Tensor& t) {
    return t.narrow(2, layout.prefix, layout.classes * layout.longest)
        .unflatten(2, {layout.classes, layout.longest});
  };
  const auto mixed = attend_to_shared_and_own(query.unsqueeze(3), key_value[0].narrow(2, 0, layout.prefix),
                                              key_value[1].narrow(2, 0, layout.prefix), own(key_value[0]),
                                              own(key_value[1]), layout.seen_by_last);
  return block.attention_output(mixed.squeeze(3).transpose(1, 2).flatten(2));
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
