#include "sweep/tracking.h"

#include <ATen/ATen.h>
#include <promptbed/error.h>

#include "results/metrics.h"
#include "training/evaluate.h"

namespace promptbed {
namespace {

/// Puts a generator back to where it was.
class KeptGenerator {
 public:
  explicit KeptGenerator(at::Generator generator)
      : generator_(std::move(generator)), state_(generator_.get_state()) {}
  ~KeptGenerator() { generator_.set_state(state_); }
  KeptGenerator(const KeptGenerator&) = delete;
  KeptGenerator& operator=(const KeptGenerator&) = delete;

 private:
  at::Generator generator_;
  Tensor state_;
};

double accuracy_on(PromptLearner& learner, const ShownImages& images) {
  const Predictions predictions = evaluate(learner, images);
  return measure(predictions.labels, predictions.predicted).accuracy;
}

}  // namespace

std::vector<TrackedAccuracy> Tracking::measure(int64_t epoch) {
  const KeptGenerator kept(task_.generator);
  std::vector<TrackedAccuracy> tracked = {{epoch, "base", accuracy_on(learner_, base_)}};
  try {
    learner_.retarget(task_.new_class_names);
    tracked.push_back({epoch, "new", accuracy_on(learner_, new_)});
  } catch (const NotTransferable&) {  // the tests will say why
  } catch (const PromptTooLong&) {
  }
  learner_.retarget(task_.class_names);
  return tracked;
}

}  // namespace promptbed
