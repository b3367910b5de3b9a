#include "contrastive_step.h"

#include <algorithm>

namespace promptbed::pocket {
namespace {

/// The pairs from `begin` on, `count` of them.
TowerInput part_of(const TowerInput& input, int64_t begin, int64_t count) {
  TowerInput part;
  part.pixels = input.pixels.narrow(0, begin, count);
  if (input.patches.defined()) part.patches = input.patches.narrow(0, begin, count);
  part.captions.assign(input.captions.begin() + begin, input.captions.begin() + begin + count);
  return part;
}

}  // namespace

ContrastiveLoss contrastive_step(TrainableTowers& towers, const Tensor& log_scale, const Batch& batch,
                                 int64_t chunk) {
  const auto pairs = static_cast<int64_t>(batch.names.size());
  const bool at_once = pairs <= chunk;
  auto [images, texts] = at_once ? towers.forward(batch.input) : towers.features(batch.input);
  images.requires_grad_();
  texts.requires_grad_();
  const ContrastiveLoss loss = contrastive_loss(images, texts, log_scale, batch.names);
  loss.loss.backward();
  if (at_once) {
    towers.backward(images.grad(), texts.grad());
    return loss;
  }
  for (int64_t begin = 0; begin < pairs; begin += chunk) {
    const int64_t count = std::min(chunk, pairs - begin);
    towers.forward(part_of(batch.input, begin, count));
    towers.backward(images.grad().narrow(0, begin, count), texts.grad().narrow(0, begin, count));
  }
  return loss;
}

}  // namespace promptbed::pocket
