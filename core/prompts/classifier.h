#pragma once

#include <promptbed/prompt_learner.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clip/model.h"
#include "clip/towers/placement.h"
#include "data/layouts/split.h"
#include "methods/method_registry.h"
#include "prompts/trained_prompt.h"

namespace promptbed {

/// A task with all that comes from the model, its text tower ready to compute, and neither dataset nor
/// classes nor images.
Task model_task(const ClipModel& model, const Placement& placement);

/// The prompt's method. Throws Error if no plugin offers it, or offers another version of it.
const Method& method_of(const TrainedPrompt& prompt, const MethodRegistry& registry);

/// The options of a prompt whose training is not known, as its method settles them for its classes. `task`
/// brings what comes from the model. Throws what PromptLearner::resolve throws.
OptionValues settled_options(const TrainedPrompt& prompt, Task task, const MethodRegistry& registry);

/// The learner that the prompt's training ended with, turned to other classes. `task` brings what comes from
/// the model (model_task), the prompt the rest; no training image is needed.
///
/// Throws Error if the prompt does not fit its method or does not name the classes that it was trained on,
/// PromptTooLong if a class's prompt is too long for the model, and NotTransferable if the method cannot
/// serve the classes.
std::unique_ptr<PromptLearner> restore_learner(const TrainedPrompt& prompt, Task task,
                                               const ClassNames& class_names, const MethodRegistry& registry);

/// What classifies images in a single step: a trained prompt, or a method that needs no training.
class Classifier {
 public:
  /// Of a trained prompt. Throws what method_of throws.
  Classifier(MethodRegistry registry, TrainedPrompt prompt);

  /// Of a method with the options that `assignments` ("coop.n_ctx=16") set. Throws Error for an unknown
  /// method or option, and for a method that has to be trained.
  Classifier(MethodRegistry registry, const std::string& method, const std::vector<std::string>& assignments);

  /// "coop on nature_food, 16 shots, seed 1" or "clip_zeroshot"
  std::string title() const;

  /// What the softmax of its scores is called: "probability" if its method declares that they are meant as
  /// such, "softmax" otherwise.
  const char* score_name() const;

  /// Of an online method, the seed of the order in which it sees a test: its prompt's, or 0.
  std::optional<uint64_t> stream() const;

  /// Nothing for a method without training.
  const std::optional<TrainedPrompt>& prompt() const { return prompt_; }

  /// Fills in the prompt's training classes if its file does not name them and this is the dataset that it
  /// was trained on.
  void recall_classes(const DatasetSpec& dataset, const Split& split);

  /// A learner that serves the classes on a model. `words` gives a method without training its dataset and
  /// template. Throws what check_model and restore_learner throw.
  std::unique_ptr<PromptLearner> serve(const ClassNames& class_names, const DatasetSpec& words,
                                       const ClipModel& model, const Placement& placement) const;

 private:
  std::unique_ptr<PromptLearner> serve_untrained(Task task, const ClassNames& class_names,
                                                 const DatasetSpec& words) const;

  MethodRegistry registry_;
  std::optional<TrainedPrompt> prompt_;
  const Method* method_ = nullptr;  ///< of the registry; null if there is a prompt
  Options options_;                 ///< of that method, as given
};

}  // namespace promptbed
