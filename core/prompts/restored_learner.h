#pragma once

#include <promptbed/prompt_learner.h>

#include <memory>
#include <string>

#include "methods/method_registry.h"
#include "prompts/trained_prompt.h"

namespace promptbed {

/// "coop on nature_food, 16 shots, seed 1", or "coop, imported from model.pth.tar-50".
std::string title_of(const TrainedPrompt& prompt);

/// The prompt's method. Throws Error where no plugin offers it, or offers another version of it.
const Method& method_of(const TrainedPrompt& prompt, const MethodRegistry& registry);

/// Throws Error where the prompt belongs to another model than the one of this fingerprint.
void check_model(const TrainedPrompt& prompt, const std::string& fingerprint);

/// The learner that the prompt's training ended with, turned to other classes. `task` brings what comes from
/// the model (text encoder, tokenizer, context length, logit scale, feature width, device), the prompt brings
/// the rest; of the training images nothing is needed.
///
/// Throws Error where the prompt does not fit its method or does not tell the classes that it was trained on,
/// PromptTooLong where a class's prompt is too long for the model, and NotTransferable where the method
/// cannot serve the classes.
std::unique_ptr<PromptLearner> restore_learner(const TrainedPrompt& prompt, Task task,
                                               const ClassNames& class_names, const MethodRegistry& registry);

}  // namespace promptbed
