#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "results/run_spec.h"

namespace promptbed {

/// One "--where [METHOD.]SETTING=VALUE,...": a run's setting has one of these values.
///
/// A setting is called by the end of its place in the run's canonical JSON: an option (n_ctx), views,
/// precision, epochs, batch_size, learning_rate, method_version, draw. Where no METHOD is named, methods
/// without such a setting are not concerned, nor are those without training by a setting of training.
struct Condition {
  std::string method;  ///< "" for all
  std::string setting;
  std::vector<std::string> values;  ///< texts without quotes; "none" for a setting that is not there

  /// As it was given.
  std::string text() const;
};

/// "coop.n_ctx=4,16" -> {"coop", "n_ctx", {"4", "16"}}. Throws Error for a text of another form.
Condition parse_condition(std::string_view text);

/// Whether the run has one of the values, or is not concerned. A draw may be told by how its hash begins.
bool satisfies(const Condition& condition, const RunSpec& spec);

/// The settings of a run that a condition may be on.
std::set<std::string> setting_names(const RunSpec& spec);

}  // namespace promptbed
