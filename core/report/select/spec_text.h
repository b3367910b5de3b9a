#pragma once

#include <promptbed/options.h>
#include <promptbed/recipe.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "results/run_spec.h"

/// Runs and trained prompts in words.
namespace promptbed {

/// An option's value as a user would type it, text in quotes.
std::string text_of(const OptionValue& value);

/// "csc=false, n_ctx=4", or "none".
std::string text_of(const std::map<std::string, OptionValue, std::less<>>& options);

/// "SGD", "Adam", "AdamW".
std::string_view name_of(OptimiserKind kind);

/// "200 epochs", or "8000 steps" of a recipe with a budget of them.
std::string budget_text(const Recipe& recipe);

/// "200 epochs in batches of 32; SGD; rate 0.002, ..."; "none" without one.
std::string text_of(const std::optional<Recipe>& recipe);

/// What a run sees of each training image: "the centre crop", "10 random views of 70 to 100 % of the area",
/// "a fresh random crop in each epoch".
std::string views_text(const RunSpec& run);

/// The images on which a run's method chose what it does not learn: "few-shot validation images", "all
/// validation images"; "" if on none, and for runs that do not say what their images held.
std::string selection_text(const RunSpec& run);

/// The version of a run's method: "1", or "1 on a base of version 2" for a wrapper.
std::string version_text(const RunSpec& run);

/// Names and values.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// What a run's numbers depend on.
Fields fields_of(const RunSpec& run);

/// The fields below a title, a line each, with the values in one column that the lines of a value stay in.
std::string render_fields(const std::string& title, const Fields& fields);

}  // namespace promptbed
