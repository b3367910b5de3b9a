#include "training/evaluate.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>

#include "base/signals.h"

namespace promptbed {
namespace {

// The reference's test batch; a method that conditions on the image bounds its memory itself. Pixels go
// through the image tower, whose activations take more.
constexpr int64_t kTestBatch = 100, kPixelTestBatch = 32;

/// Calls `take` with the logits [B, K] of each batch of the images, in order.
template <class Take>
void classify(PromptLearner& learner, const FeatureSet& set, const PixelSource* pixels, Take&& take) {
  const at::AutoGradMode gradients(learner.needs().gradients_at_evaluation);
  const int64_t images = set.labels.size(0), most = pixels != nullptr ? kPixelTestBatch : kTestBatch;
  const auto integers = set.labels.options();
  std::optional<PixelStream> stream;
  if (pixels != nullptr) stream.emplace(*pixels, at::arange(images, torch::kLong), kCentreView);
  for (int64_t begin = 0; begin < images; begin += most) {
    check_interrupt();
    const int64_t count = std::min(most, images - begin);
    Batch batch;
    if (set.features.defined()) batch.features = set.features.select(1, 0).narrow(0, begin, count);
    if (stream) batch.pixels = stream->next(count).to(set.labels.device());
    batch.images = at::arange(begin, begin + count, integers);
    batch.views = at::zeros({count}, integers);
    take(learner.logits(batch));
  }
}

template <class Number>
void append(std::vector<Number>& list, const Tensor& numbers) {
  const Tensor here = numbers.to(torch::kCPU).contiguous();
  list.insert(list.end(), here.data_ptr<Number>(), here.data_ptr<Number>() + here.numel());
}

void append(Predictions& predictions, const Tensor& logits, const Tensor& probabilities) {
  append(predictions.predicted, logits.argmax(-1));
  append(predictions.confidence, probabilities.amax(-1));
}

Tensor probabilities_of(const Tensor& logits) {
  return logits.detach().to(torch::kDouble).softmax(-1);
}

}  // namespace

Predictions evaluate(PromptLearner& learner, const FeatureSet& test, const PixelSource* pixels) {
  Predictions result;
  append(result.labels, test.labels);
  classify(learner, test, pixels,
           [&](const Tensor& logits) { append(result, logits, probabilities_of(logits)); });
  return result;
}

UnionPredictions evaluate_union(PromptLearner& learner, const FeatureSet& test, int64_t base_classes,
                                const PixelSource* pixels) {
  UnionPredictions result;
  append(result.labels, test.labels);
  std::vector<int64_t> best_new;
  classify(learner, test, pixels, [&](const Tensor& logits) {
    const int64_t new_classes = logits.size(-1) - base_classes;
    const Tensor probabilities = probabilities_of(logits);
    append(result, logits, probabilities);
    append(result.base_score, probabilities.narrow(-1, 0, base_classes).amax(-1));
    append(result.own_half, logits.narrow(-1, 0, base_classes).argmax(-1));
    append(best_new, logits.narrow(-1, base_classes, new_classes).argmax(-1) + base_classes);
  });
  for (size_t i = 0; i < best_new.size(); ++i) {
    if (result.labels[i] >= base_classes) result.own_half[i] = best_new[i];
  }
  return result;
}

Ranking rank(PromptLearner& learner, const FeatureSet& images, int64_t top, const PixelSource* pixels) {
  std::vector<Tensor> classes, probabilities;
  classify(learner, images, pixels, [&](const Tensor& logits) {
    // By logits: small probabilities round to equal ones. Stable, so that of equal logits the first comes
    // first, as in argmax.
    const Tensor sorted = std::get<1>(at::sort(logits.detach(), /*stable=*/true, -1, /*descending=*/true));
    const Tensor order = sorted.narrow(-1, 0, std::min(top, sorted.size(-1)));
    probabilities.push_back(logits.detach().softmax(-1).gather(-1, order).cpu());
    classes.push_back(order.cpu());
  });
  return {at::cat(classes), at::cat(probabilities)};
}

}  // namespace promptbed
