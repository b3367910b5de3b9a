#pragma once

#include <ATen/ATen.h>
#include <promptbed/text_encoder.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "clip/checkpoints/checkpoint.h"
#include "support/plain_transformer.h"

namespace promptbed::test {

/// CLIP's text tower as its paper has it: whole prompts, padded to the context length, every token of every
/// layer.
class PlainTextTower {
 public:
  explicit PlainTextTower(Checkpoint checkpoint) : checkpoint_(std::move(checkpoint)) {}

  Tensor encode(const PromptBatch& prompts) const {
    const int64_t batch =
        std::max(prompts.prefix.size(0), prompts.suffix.dim() == 3 ? prompts.suffix.size(0) : 1);
    const Tensor prefix = prompts.prefix.expand({batch, -1, -1});
    const Tensor suffix = prompts.suffix.expand({batch, -1, -1});
    std::vector<Tensor> sentences;
    std::vector<int64_t> last;
    int64_t begin = 0;
    for (const int64_t length : prompts.suffix_lengths) {
      const int64_t tokens = prefix.size(1) + length;
      const Tensor pads =
          at::ones({batch, at("positional_embedding").size(0) - tokens, prefix.size(2)}, prefix.options());
      sentences.push_back(at::cat({prefix, suffix.narrow(1, begin, length), pads}, 1));
      last.push_back(tokens - 1);
      begin += length;
    }
    for (const BlockTokens& deep : prompts.deep) {
      for (int64_t& row : last) row += deep.inserted ? deep.tokens.size(-2) : 0;
    }
    const Tensor hidden = run(at::cat(sentences), prompts).unflatten(0, {-1, batch});  // [K, B, T, W]
    const auto whole = hidden.options().dtype(torch::kLong);
    const Tensor classes = at::arange(hidden.size(0), whole);
    const Tensor at_end =
        hidden.transpose(1, 2).index({classes, torch::tensor(last, torch::kLong).to(whole)});
    return at::matmul(at_end.transpose(0, 1), at("text_projection"));
  }

 private:
  const Tensor& at(const std::string& name) const { return checkpoint_.at(name); }

  /// [K B, T, W] without positions -> [K B, T, W] after the final norm.
  Tensor run(const Tensor& tokens, const PromptBatch& prompts) const {
    const PlainTransformer transformer(checkpoint_, "transformer", checkpoint_.text_heads, prompts.changes);
    Tensor x = tokens + at("positional_embedding");
    int64_t begin = 0;
    for (const BlockTokens& next : prompts.deep) {
      x = transformer.run(x, causal_mask(x), begin, next.block);
      x = with_tokens(x, next);
      begin = next.block;
    }
    x = transformer.run(x, causal_mask(x), begin, transformer.count());
    return transformer.norm(x, "ln_final");
  }

  /// [T, T], of tokens [.., T, W].
  static Tensor causal_mask(const Tensor& tokens) {
    const int64_t length = tokens.size(1);
    return at::full({length, length}, -std::numeric_limits<float>::infinity(), tokens.options()).triu(1);
  }

  /// [K B, T, W] with tokens behind the start, in the place of as many or before them.
  static Tensor with_tokens(const Tensor& x, const BlockTokens& deep) {
    const int64_t count = deep.tokens.size(-2), first = deep.inserted ? 1 : 1 + count;
    const Tensor tokens = deep.tokens.dim() == 2
                              ? deep.tokens.expand({x.size(0), -1, -1})
                              : deep.tokens.repeat_interleave(x.size(0) / deep.tokens.size(0), 0);
    return at::cat({x.narrow(1, 0, 1), tokens, x.narrow(1, first, x.size(1) - first)}, 1);
  }

  Checkpoint checkpoint_;
};

}  // namespace promptbed::test
