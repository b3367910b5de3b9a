#pragma once

#include <string>

#include "cli/options.h"
#include "prompts/classifier.h"

namespace promptbed {

/// What classifies: a trained prompt, or a method without training.
OptionGroup classifier_options();

/// The classifier that those options select: --prompt (a file, or a run's id in --db), --method, or else
/// `otherwise`. Throws Error for what is missing or wrong.
Classifier make_classifier(const Values& values, const std::string& otherwise);

}  // namespace promptbed
