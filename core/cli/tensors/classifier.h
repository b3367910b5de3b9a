#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/arguments.h"
#include "clip/model.h"
#include "clip/towers/placement.h"
#include "data/layouts/split.h"
#include "data/suites/dataset_spec.h"
#include "methods/method_registry.h"
#include "prompts/trained_prompt.h"

namespace promptbed {

/// The options that say which untrained method classifies, and where plugins and the ledger are.
options::options_description describe_classifier_options();

/// What classifies images in a single step: a trained prompt, or a method that needs no training.
class Classifier {
 public:
  /// `prompt` is a file or the beginning of a run's id in --db; where it is empty, --method says which
  /// method, or else `otherwise`. Throws Error for what is missing or wrong, and for a method that has to be
  /// trained.
  Classifier(const std::string& prompt, const options::variables_map& values, const std::string& otherwise);

  /// "coop on nature_food, 16 shots, seed 1" or "clip_zeroshot".
  std::string title() const;

  const std::optional<TrainedPrompt>& prompt() const { return prompt_; }

  /// Where a prompt does not tell its training classes and this is the dataset that it was trained on, its
  /// classes are known.
  void recall_classes(const DatasetSpec& dataset, const Split& split);

  /// A learner that serves the classes on a model. `words` says the dataset and its template, for a method
  /// without training. Throws what check_model and restore_learner throw.
  std::unique_ptr<PromptLearner> serve(const ClassNames& class_names, const DatasetSpec& words,
                                       const ClipModel& model, const Placement& placement) const;

 private:
  std::unique_ptr<PromptLearner> serve_untrained(Task task, const ClassNames& class_names,
                                                 const DatasetSpec& words) const;

  MethodRegistry registry_;
  std::optional<TrainedPrompt> prompt_;
  const Method* method_ = nullptr;  ///< where there is no prompt
  Options options_;                 ///< of that method, as given
};

}  // namespace promptbed
