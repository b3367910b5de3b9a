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
      const Tensor pads = at::ones({batch, at("positional_embedding").size(0) - tokens, prefix.size(2)});
      sentences.push_back(at::cat({prefix, suffix.narrow(1, begin, length), pads}, 1));
      last.push_back(tokens - 1);
      begin += length;
    }
    const Tensor hidden = run(at::cat(sentences)).unflatten(0, {-1, batch});  // [K, B, T, W]
    const Tensor classes = at::arange(hidden.size(0), torch::kLong);
    const Tensor at_end = hidden.transpose(1, 2).index({classes, torch::tensor(last, torch::kLong)});
    return at::matmul(at_end.transpose(0, 1), at("text_projection"));
  }

 private:
  const Tensor& at(const std::string& name) const { return checkpoint_.at(name); }

  /// [B, T, W] without positions -> [B, T, W] after the final norm.
  Tensor run(const Tensor& tokens) const {
    const PlainTransformer transformer(checkpoint_, "transformer", checkpoint_.text_heads);
    const int64_t length = tokens.size(1);
    const Tensor mask = at::full({length, length}, -std::numeric_limits<float>::infinity()).triu(1);
    return transformer.norm(transformer.run(tokens + at("positional_embedding"), mask), "ln_final");
  }

  Checkpoint checkpoint_;
};

}  // namespace promptbed::test
