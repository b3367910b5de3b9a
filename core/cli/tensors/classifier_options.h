#pragma once

#include <string>

#include "cli/arguments.h"
#include "prompts/classifier.h"

namespace promptbed {

/// The options that say which method without training classifies, and where plugins and the ledger are.
options::options_description describe_classifier_options();

/// The classifier that the options ask for: the prompt of that name (a file, or a run's id in --db), or, if
/// it is "", the method of --method, or else `otherwise`. Throws Error for what is missing or wrong.
Classifier make_classifier(const std::string& prompt, const options::variables_map& values,
                           const std::string& otherwise);

}  // namespace promptbed
