#pragma once

#include <string>

#include "cli/options.h"
#include "prompts/classifier.h"
#include "sweep/sweep_spec.h"

namespace promptbed {

/// What classifies: a trained prompt, or a method without training.
OptionGroup classifier_options();

/// The classifier that those options select: --prompt (a file, or a run's id in --db), --method, or else
/// `otherwise`. Throws Error for what is missing or wrong.
Classifier make_classifier(const Values& values, const std::string& otherwise);

/// A prompt is tested with the precision that it was trained with, unless another is given or the device has
/// it not, which is noted on standard error. Of an imported one nobody knows it.
void settle_precision(InputSpec& spec, const Values& values, const Classifier& classifier);

}  // namespace promptbed
