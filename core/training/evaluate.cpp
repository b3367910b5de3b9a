#include "training/evaluate.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>

#include "base/signals.h"
#include "training/epoch_order.h"

namespace promptbed {
namespace {

// The reference's test batch; a method that conditions on the image bounds its memory itself. Pixels go
// through the image tower, whose activations take more.
constexpr int64_t kTestBatch = 100, kPixelTestBatch = 32;
// A method that tunes something on each image takes seconds for one, and is to be interrupted between two.
constexpr int64_t kTunedTestBatch = 4;

int64_t images_at_once(const Needs& needs) {
  if (needs.pixels) return kPixelTestBatch;
  return needs.gradients_at_evaluation && needs.views_at_test > 0 ? kTunedTestBatch : kTestBatch;
}

/// The centre of these rows and their crops, [B, 1 + V, D], where `views` are what the set has of them.
Tensor with_crops(const Tensor& views, const Tensor& rows, const Needs& needs, const ShownImages& images) {
  if (!images.crops) return views.narrow(1, 0, 1 + needs.views_at_test);
  return at::cat({views.narrow(1, 0, 1), images.crops(rows.cpu()).to(views.device())}, 1);
}

/// Calls `take` with the logits [B, K] of each batch of the images, in the given order of their rows.
template <class Take>
void classify_in(const Tensor& order, int64_t most, PromptLearner& learner, const ShownImages& images,
                 Take&& take) {
  const Needs needs = learner.needs();
  const at::AutoGradMode gradients(needs.gradients_at_evaluation);
  const auto& [features, labels] = images.set;
  std::optional<PixelStream> pixels;
  if (images.pixels) pixels.emplace(*images.pixels, order, kCentreView);
  for (int64_t begin = 0; begin < order.size(0); begin += most) {
    check_interrupt();
    Batch batch;
    batch.images = order.narrow(0, begin, std::min(most, order.size(0) - begin)).to(labels.device());
    batch.views = at::zeros_like(batch.images);
    if (features.defined()) {
      const Tensor views = features.index_select(0, batch.images);
      batch.features = views.select(1, 0);
      if (needs.views_at_test > 0) batch.views_at_test = with_crops(views, batch.images, needs, images);
    }
    if (pixels) batch.pixels = pixels->next(batch.images.size(0)).to(labels.device());
    take(learner.logits(batch));
  }
}

/// The same in the order of the set; an online method sees the images in another.
template <class Take>
void classify(PromptLearner& learner, const ShownImages& images, Take&& take) {
  const int64_t count = images.set.labels.size(0), most = images_at_once(learner.needs());
  if (!images.stream || count == 0) {
    classify_in(at::arange(count, torch::kLong), most, learner, images, take);
    return;
  }
  const Tensor order = at::randperm(count, seeded_generator(*images.stream, "stream"), torch::kLong);
  std::vector<Tensor> logits;
  classify_in(order, most, learner, images,
              [&](const Tensor& of_batch) { logits.push_back(of_batch.detach()); });
  const Tensor streamed = at::cat(logits);
  take(streamed.index_select(0, order.argsort().to(streamed.device())));
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

Predictions evaluate(PromptLearner& learner, const ShownImages& test) {
  Predictions result;
  append(result.labels, test.set.labels);
  classify(learner, test, [&](const Tensor& logits) { append(result, logits, probabilities_of(logits)); });
  return result;
}

UnionPredictions evaluate_union(PromptLearner& learner, const ShownImages& test, int64_t base_classes) {
  UnionPredictions result;
  append(result.labels, test.set.labels);
  std::vector<int64_t> best_new;
  classify(learner, test, [&](const Tensor& logits) {
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

Ranking rank(PromptLearner& learner, const ShownImages& images, int64_t top) {
  std::vector<Tensor> classes, probabilities;
  classify(learner, images, [&](const Tensor& logits) {
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
