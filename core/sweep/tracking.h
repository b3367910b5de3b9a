#pragma once

#include <promptbed/prompt_learner.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "results/run_record.h"
#include "training/shown_images.h"

namespace promptbed {

/// Tests a prompt on both halves of its dataset's classes while it is trained, and leaves the training as it
/// is: afterwards the learner serves the trained classes again, and the task's generator goes on where it
/// was.
class Tracking {
 public:
  /// Of a learner bound to the task, which must outlive this; with the test images of both halves, V = 1.
  Tracking(PromptLearner& learner, const Task& task, ShownImages base, ShownImages others)
      : learner_(learner), task_(task), base_(std::move(base)), new_(std::move(others)) {}

  /// After an epoch, counted from 0: the accuracy on base classes and, of a method that can serve them, on
  /// new ones. Throws Interrupted on Ctrl-C.
  std::vector<TrackedAccuracy> measure(int64_t epoch);

 private:
  PromptLearner& learner_;
  const Task& task_;
  ShownImages base_, new_;
};

}  // namespace promptbed
