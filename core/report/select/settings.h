#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "results/run_spec.h"

namespace promptbed {

/// A run's settings by their place in its canonical JSON ("/options/n_ctx"): options, recipe, views,
/// precision, the method's version, and a draw that was given; not what says where the run stands in a table
/// (model, dataset with split and words, classes, shots, seed, method).
std::map<std::string, nlohmann::json> settings_of(const RunSpec& spec);

/// "/recipe/groups/0/learning_rate" -> "learning_rate".
std::string setting_name(std::string_view place);

/// Whether a setting says how a method is trained, so that it means nothing for one that is not.
bool is_of_training(std::string_view place);

}  // namespace promptbed
