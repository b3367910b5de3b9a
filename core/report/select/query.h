#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "results/run_spec.h"

namespace promptbed {

/// One "--where [METHOD.]SETTING=VALUE,...": a run's setting has one of these values.
///
/// A setting goes by the last part of its place in the run's canonical JSON: an option (n_ctx), views,
/// precision, epochs, batch_size, learning_rate, method_version, draw, label_noise, imbalance, validation,
/// descriptions, tokenizer. Without a METHOD, the condition does not apply to methods without such a setting,
/// nor a setting of training to untrained methods.
struct Condition {
  std::string method;  ///< "" for all
  std::string setting;
  std::vector<std::string> values;  ///< text without quotes; "none" for a setting that is absent

  /// As it was given.
  std::string text() const;
};

/// "coop.n_ctx=4,16" -> {"coop", "n_ctx", {"4", "16"}}. Throws Error for text of another form.
Condition parse_condition(std::string_view text);

/// Whether the run has one of the values, or the condition does not apply to it. A draw, descriptions and a
/// tokenizer match by a prefix of their hashes.
bool satisfies(const Condition& condition, const RunSpec& spec);

/// What a run has where the condition looks, as text; nothing for a run that it does not concern.
std::optional<std::string> value_for(const Condition& condition, const RunSpec& spec);

/// The settings of a run that a condition can name.
std::set<std::string> setting_names(const RunSpec& spec);

/// What a printed mean is followed by.
enum class Spread {
  none,
  deviation,  ///< population standard deviation over seeds, as the reference prints it
  interval,   ///< half of Student's 95 % interval over seeds
};

/// What is printed where tables have accuracies. All are percent.
enum class Metric {
  accuracy,   ///< the share of images that are right
  per_class,  ///< the mean over classes of that share: what papers report of Caltech101, Pets and Aircraft
  macro_f1,   ///< the mean over classes of F1
};

/// All of them, in the order in which they are listed to users.
inline constexpr Metric kMetrics[] = {Metric::accuracy, Metric::per_class, Metric::macro_f1};

/// As it is typed after --metric: "accuracy", "per-class" or "macro-f1".
constexpr std::string_view to_string(Metric metric) {
  switch (metric) {
    case Metric::accuracy:
      return "accuracy";
    case Metric::per_class:
      return "per-class";
    case Metric::macro_f1:
      return "macro-f1";
  }
  return "";
}

/// As titles and axes call it: "accuracy", "mean per-class accuracy" or "macro-F1".
std::string words_of(Metric metric);

/// The same where a title begins with it: "Accuracy", "Mean per-class accuracy" or "Macro-F1".
std::string heading_of(Metric metric);

/// Which results to report, and how: the same for all tables. An empty list or text takes everything.
struct ReportQuery {
  std::vector<std::string> methods = {};   ///< in this order
  std::vector<std::string> datasets = {};  ///< in this order; in transfer tables, the targets
  std::vector<int64_t> shots = {};         ///< untrained methods match any shots
  std::vector<int64_t> seeds = {};
  std::vector<Condition> where = {};    ///< settings that runs must have, all of them
  std::string model = {};               ///< fingerprint of the frozen weights, or a prefix of it
  std::string source = {};              ///< trained on, in transfer tables
  std::vector<std::string> order = {};  ///< of datasets that are not named; others follow by name
  Spread spread = Spread::none;
  Metric metric = Metric::accuracy;
};

/// The choices that were made, for those who read the JSON later.
nlohmann::json to_json(const ReportQuery& query);

}  // namespace promptbed
