#include "report/select/query.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "report/select/variants.h"

namespace promptbed {
namespace {

using nlohmann::json;

[[noreturn]] void throw_malformed(std::string_view text) {
  throw Error(
      fmt::format("--where {}: give [METHOD.]SETTING=VALUE,..., such as coop.n_ctx=4,16 or views=10", text));
}

std::optional<double> number_in(std::string_view text) {
  double number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Whether a setting's value is what the user's text says.
bool matches(const json& value, std::string_view setting, const std::string& text) {
  if (value.is_number()) return number_in(text) == value.get<double>();
  const std::string held = setting_text(value);
  const bool is_hash = setting == "draw" || setting == "tokenizer" || setting == "descriptions";
  return held == text || (is_hash && value.is_string() && !text.empty() && held.starts_with(text));
}

bool applies(const Condition& condition, const RunSpec& spec, std::string_view place) {
  return !condition.method.empty() || !spec.classes.empty() || !is_of_training(place);
}

}  // namespace

std::string Condition::text() const {
  return fmt::format("{}{}{}={}", method, method.empty() ? "" : ".", setting, fmt::join(values, ","));
}

Condition parse_condition(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) throw_malformed(text);
  const std::string_view name = text.substr(0, equals);
  const size_t dot = name.find('.');
  Condition condition;
  if (dot != std::string_view::npos) {
    condition.method = name.substr(0, dot);
    if (condition.method.empty()) throw_malformed(text);
  }
  condition.setting = name.substr(dot == std::string_view::npos ? 0 : dot + 1);
  if (condition.setting.empty()) throw_malformed(text);
  std::string_view rest = text.substr(equals + 1);
  for (size_t comma = 0; comma != std::string_view::npos;) {
    comma = rest.find(',');
    condition.values.emplace_back(rest.substr(0, comma));
    if (comma != std::string_view::npos) rest.remove_prefix(comma + 1);
  }
  return condition;
}

bool satisfies(const Condition& condition, const RunSpec& spec) {
  if (!condition.method.empty() && condition.method != spec.method) return true;
  bool is_there = false;
  for (const auto& [place, value] : settings_of(spec)) {
    if (setting_name(place) != condition.setting) continue;
    if (!applies(condition, spec, place)) return true;
    is_there = true;
    const bool matched = std::ranges::any_of(condition.values, [&, &held = value](const std::string& text) {
      return matches(held, condition.setting, text);
    });
    if (matched) return true;
  }
  if (is_there) return false;
  // A method without the setting is not concerned, unless it is named.
  return condition.method.empty() || std::ranges::count(condition.values, setting_text(json())) > 0;
}

std::optional<std::string> value_for(const Condition& condition, const RunSpec& spec) {
  if (!condition.method.empty() && condition.method != spec.method) return std::nullopt;
  for (const auto& [place, value] : settings_of(spec)) {
    if (setting_name(place) != condition.setting) continue;
    return applies(condition, spec, place) ? std::optional(setting_text(value)) : std::nullopt;
  }
  return std::nullopt;
}

std::set<std::string> setting_names(const RunSpec& spec) {
  std::set<std::string> names;
  for (const auto& [place, value] : settings_of(spec)) names.insert(setting_name(place));
  return names;
}

std::string words_of(Metric metric) {
  switch (metric) {
    case Metric::accuracy:
      return "accuracy";
    case Metric::per_class:
      return "mean per-class accuracy";
    case Metric::macro_f1:
      return "macro-F1";
  }
  return "";
}

std::string heading_of(Metric metric) {
  std::string words = words_of(metric);
  words.front() = static_cast<char>(std::toupper(words.front()));
  return words;
}

nlohmann::json to_json(const ReportQuery& query) {
  json written = json::object();
  const auto add = [&](const char* name, const auto& value) {
    if (!value.empty()) written[name] = value;
  };
  add("methods", query.methods);
  add("datasets", query.datasets);
  add("shots", query.shots);
  add("seeds", query.seeds);
  add("model", query.model);
  add("source", query.source);
  if (query.metric != Metric::accuracy) written["metric"] = to_string(query.metric);
  for (const Condition& condition : query.where) written["where"].push_back(condition.text());
  return written;
}

}  // namespace promptbed
