#include "training/evaluate.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/interrupt.h"

namespace promptbed {
namespace {

// The reference's test batch; a method that conditions on the image bounds its memory itself.
constexpr int64_t kTestBatch = 100;

}  // namespace

Predictions evaluate(PromptLearner& learner, const FeatureSet& test) {
  const at::AutoGradMode gradients(learner.needs().gradients_at_evaluation);
  const int64_t images = test.labels.size(0);
  Predictions result;
  for (int64_t begin = 0; begin < images; begin += kTestBatch) {
    check_interrupt();
    const int64_t count = std::min(kTestBatch, images - begin);
    Batch batch;
    batch.features = test.features.narrow(0, begin, count).select(1, 0);
    batch.images = at::arange(begin, begin + count, test.labels.options());
    batch.views = at::zeros({count}, test.labels.options());
    const Tensor predicted = learner.logits(batch).argmax(-1).to(torch::kCPU).contiguous();
    const Tensor labels = test.labels.narrow(0, begin, count).to(torch::kCPU).contiguous();
    result.predicted.insert(result.predicted.end(), predicted.data_ptr<int64_t>(),
                            predicted.data_ptr<int64_t>() + count);
    result.labels.insert(result.labels.end(), labels.data_ptr<int64_t>(), labels.data_ptr<int64_t>() + count);
  }
  return result;
}

}  // namespace promptbed
