#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "results/run_spec.h"

/// The settings of runs, and the variants of a method that differ in them.
namespace promptbed {

/// A run's settings by their place in its canonical JSON ("/options/n_ctx"): options, recipe, views, crops,
/// precision, the method's version, the draw and its changes, validation images and tokenizer, null where
/// they are as usual, and given descriptions; not what says where the run is in a table (model, dataset with
/// split, images and words, classes, shots, seed, method).
std::map<std::string, nlohmann::json> settings_of(const RunSpec& spec);

/// A setting's value as users type it: "none" for null.
std::string setting_text(const nlohmann::json& value);

/// "/recipe/groups/0/learning_rate" -> "learning_rate".
std::string setting_name(std::string_view place);

/// Whether a setting is about training, so that it means nothing for an untrained method.
bool is_of_training(std::string_view place);

/// Tells the variants of one method apart: for each spec the settings in which it differs from others, as few
/// as will do, such as "n_ctx=16"; "" for all if there is one variant. Specs with equal labels are the same
/// variant.
///
/// Dataset, split, shots, seed and model make no variant. Nor do, between datasets or shots, recipes (the
/// reference trains fewer epochs on ImageNet, and with fewer shots) and, between datasets, where validation
/// images come from and, if the datasets' template or context words differ, options (an option may follow
/// them).
std::vector<std::string> variant_labels(const std::vector<const RunSpec*>& specs);

}  // namespace promptbed
