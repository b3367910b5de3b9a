#include "clip/towers/text_blocks.h"

#include <ATen/ATen.h>
#include <promptbed/error.h>

#include <cmath>

#include "clip/checkpoints/architecture.h"

namespace promptbed {

std::pair<Tensor, Tensor> scaled_query_key_value(const Checkpoint& checkpoint, const std::string& block) {
  const Tensor weight = checkpoint.at(block + "attn.in_proj_weight").to(torch::kFloat);
  const Tensor bias = checkpoint.at(block + "attn.in_proj_bias").to(torch::kFloat);
  const int64_t width = weight.size(1);
  const double scale = 1 / std::sqrt(static_cast<double>(width) / static_cast<double>(checkpoint.text_heads));
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
