#pragma once

#include <promptbed/export.h>
#include <promptbed/task.h>

#include <memory>
#include <string>
#include <vector>

/// Hand-written prompts: a template such as "a photo of a {}." filled with class names, or sentences of the
/// user's for each class.
namespace promptbed {

/// The prompt of a class: its name, underscores read as spaces, in the place of every {}.
PROMPTBED_EXPORT std::string filled(std::string prompt_template, const std::string& class_name);

/// Throws Error if the template has no {} for the class name, and PromptTooLong, naming the class, if the
/// prompt of a trained or new class is too long for the model.
PROMPTBED_EXPORT void check_template(const Setting& setting, const std::string& prompt_template);

/// Prompts of the class names in a template, for methods that put something into the text tower.
PROMPTBED_EXPORT PromptBatch template_prompts(const Task& task, const std::string& prompt_template,
                                              const ClassNames& class_names);

/// Hand-written prompts of the classes served, in a text tower into which a method puts something.
class PROMPTBED_EXPORT TemplateTexts {
 public:
  /// Turns to these classes.
  void serve(const Task& task, const std::string& prompt_template, const ClassNames& class_names);

  /// Text features [K, D], normalised. While no gradients are recorded they are encoded once, until forget().
  Tensor features(const std::vector<BlockTokens>& deep, const TowerChanges& changes = {});

  /// Says that what is learned has changed, as load_state() does.
  void forget() { finished_ = Tensor(); }

 private:
  std::shared_ptr<const TextEncoder> encoder_;
  PromptBatch prompts_;
  Tensor finished_;
};

/// Text features [K, D] of the class names in a template, underscores read as spaces, as the text tower gives
/// them: not normalised. Constants: no gradient flows into them.
PROMPTBED_EXPORT Tensor raw_template_features(const Task& task, const std::string& prompt_template,
                                              const ClassNames& class_names);

/// The same, normalised.
PROMPTBED_EXPORT Tensor template_features(const Task& task, const std::string& prompt_template,
                                          const ClassNames& class_names);

/// Throws PromptTooLong, naming the class, if a description of a trained or new class is too long for the
/// model.
PROMPTBED_EXPORT void check_descriptions(const Setting& setting);

/// Text features [K, D] of described classes, as CLIP ensembles prompts (arXiv 2103.00020, section 3.1.4):
/// the mean of the normalised features of a class's descriptions, normalised. Constants. Throws Error, naming
/// the class, if one has none.
PROMPTBED_EXPORT Tensor description_features(const Task& task, const ClassNames& class_names);

}  // namespace promptbed
