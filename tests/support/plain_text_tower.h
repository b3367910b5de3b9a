#pragma once

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/text_encoder.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "clip/checkpoint.h"

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

  Tensor norm(const Tensor& x, const std::string& name) const {
    return at::layer_norm(x, {x.size(-1)}, at(name + ".weight"), at(name + ".bias"), 1e-5);
  }
  Tensor linear(const Tensor& x, const std::string& name) const {
    return at::linear(x, at(name + ".weight"), at(name + ".bias"));
  }

  Tensor attend(const Tensor& x, const std::string& name) const {
    const int64_t length = x.size(1), heads = checkpoint_.text_heads, head_width = x.size(2) / heads;
    const auto parts = at::linear(x, at(name + ".in_proj_weight"), at(name + ".in_proj_bias")).chunk(3, -1);
    const auto split = [&](const Tensor& t) {
      return t.reshape({t.size(0), length, heads, head_width}).transpose(1, 2);
    };
    const Tensor mask = at::full({length, length}, -std::numeric_limits<float>::infinity()).triu(1);
    const Tensor scores = at::matmul(split(parts[0]), split(parts[1]).transpose(-1, -2)) /
                          std::sqrt(static_cast<double>(head_width));
    const Tensor mixed = at::matmul(at::softmax(scores + mask, -1), split(parts[2]));
    return linear(mixed.transpose(1, 2).reshape(x.sizes()), name + ".out_proj");
  }

  /// [B, T, W] without positions -> [B, T, W] after the final norm.
  Tensor run(const Tensor& tokens) const {
    Tensor x = tokens + at("positional_embedding");
    for (int64_t i = 0; checkpoint_.has(fmt::format("transformer.resblocks.{}.ln_1.weight", i)); ++i) {
      const std::string block = fmt::format("transformer.resblocks.{}.", i);
      x = x + attend(norm(x, block + "ln_1"), block + "attn");
      const Tensor hidden = linear(norm(x, block + "ln_2"), block + "mlp.c_fc");
      x = x + linear(hidden * at::sigmoid(1.702 * hidden), block + "mlp.c_proj");
    }
    return norm(x, "ln_final");
  }

  Checkpoint checkpoint_;
};

}  // namespace promptbed::test
