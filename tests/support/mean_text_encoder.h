#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <promptbed/text_encoder.h>

#include <vector>

namespace promptbed::test {

/// A text tower to be worked out by hand: tanh of the mean of a prompt's token embeddings, deep ones
/// included, projected. Takes tokens below 30; W = 6, D = 5.
class MeanTextEncoder final : public TextEncoder {
 public:
  explicit MeanTextEncoder(torch::Device device = torch::kCPU) : device_(device) {}

  Tensor encode(const PromptBatch& prompts) const override {
    std::vector<Tensor> features;
    int64_t begin = 0;
    for (const int64_t length : prompts.suffix_lengths) {
      const auto k = static_cast<int64_t>(features.size());
      const Tensor suffix = prompts.suffix.narrow(-2, begin, length);
      Tensor sum = prompts.prefix.sum(1) + suffix.sum(-2);  // [B, W]
      int64_t tokens = prompts.prefix.size(1) + length;
      for (const BlockTokens& deep : prompts.deep) {
        sum = sum + (deep.tokens.dim() == 3 ? deep.tokens[k] : deep.tokens).sum(0);
        tokens += deep.tokens.size(-2);
      }
      features.push_back(at::matmul((sum / tokens).tanh(), projection_));
      begin += length;
    }
    return at::stack(features, 1);
  }
  Tensor embed(std::span<const int64_t> tokens) const override {
    return table_.index_select(0, torch::tensor(std::vector<int64_t>(tokens.begin(), tokens.end())))
        .to(device_);
  }
  int64_t context_length() const override { return 24; }
  int64_t width() const override { return 6; }
  int64_t embedding_width() const override { return 5; }
  int64_t blocks() const override { return 12; }

 private:
  torch::Device device_;
  Tensor table_ = at::randn({30, 6}, at::make_generator<at::CPUGeneratorImpl>(1));
  Tensor projection_ = at::randn({6, 5}, at::make_generator<at::CPUGeneratorImpl>(2)).to(device_);
};

}  // namespace promptbed::test
