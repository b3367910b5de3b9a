#include "report/select/variants.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace promptbed {

using nlohmann::json;

namespace {

constexpr std::string_view kRecipe = "/recipe";
constexpr std::string_view kOptions = "/options";
constexpr std::string_view kBaseVersion = "/base_version";
constexpr std::string_view kValidation = "/validation";

/// A run's settings by place, and where it is in a table.
struct Configuration {
  std::string dataset;
  int64_t shots = 0;
  std::pair<std::string, std::string> words;  ///< the dataset's template and context words
  std::map<std::string, std::string> settings;

  auto operator<=>(const Configuration&) const = default;
};

/// Places of settings.
using Places = std::set<std::string>;

Configuration configuration_of(const RunSpec& spec) {
  Configuration configuration{.dataset = spec.dataset,
                              .shots = spec.shots,
                              .words = {spec.prompt_template, spec.context_init},
                              .settings = {}};
  for (const auto& [place, value] : settings_of(spec)) {
    if (!value.is_null()) configuration.settings[place] = value.dump();
  }
  // Each seed has its own draw, and each dataset its own descriptions; having been given some is what makes
  // the variant.
  if (!spec.draw.empty()) configuration.settings["/draw"] = "given";
  if (!spec.descriptions.empty()) configuration.settings["/descriptions"] = "given";
  return configuration;
}

std::string value_at(const Configuration& configuration, const std::string& place) {
  const auto found = configuration.settings.find(place);
  return found == configuration.settings.end() ? "none" : found->second;
}

/// The settings that make two configurations two variants; none if they are the same one. Between datasets,
/// recipes may differ, and where validation images come from, and options too if the datasets' words do,
/// since an option may follow them.
Places differences(const Configuration& a, const Configuration& b) {
  const bool same_dataset = a.dataset == b.dataset, same_place = same_dataset && a.shots == b.shots;
  const bool same_words = same_dataset || a.words == b.words;
  Places places;
  for (const Configuration* configuration : {&a, &b}) {
    for (const auto& [place, value] : configuration->settings) {
      if (!same_place && place.starts_with(kRecipe)) continue;
      if (!same_dataset && place == kValidation) continue;
      if (!same_words && place.starts_with(kOptions)) continue;
      if (value_at(a, place) != value_at(b, place)) places.insert(place);
    }
  }
  return places;
}

/// For each pair of variants, the settings that tell them apart.
std::vector<Places> all_differences(const std::set<Configuration>& configurations) {
  std::vector<Places> pairs;
  for (auto a = configurations.begin(); a != configurations.end(); ++a) {
    for (auto b = std::next(a); b != configurations.end(); ++b) {
      if (Places places = differences(*a, *b); !places.empty()) pairs.push_back(std::move(places));
    }
  }
  return pairs;
}

/// How many characters it takes to print a setting with each of its values.
size_t length_in_labels(const std::string& place, const std::set<Configuration>& configurations) {
  std::set<std::string> values;
  for (const Configuration& configuration : configurations) values.insert(value_at(configuration, place));
  size_t length = 0;
  for (const std::string& value : values) length += place.size() + value.size();
  return length;
}

/// A few settings that tell every pair apart, chosen greedily: next the one that tells most of the remaining
/// pairs apart and, among equals, is the shortest in print; a base's version only if its name does not.
Places telling_settings(const std::set<Configuration>& configurations) {
  std::vector<Places> pairs = all_differences(configurations);
  Places chosen;
  while (!pairs.empty()) {
    std::map<std::string, int64_t> told_apart;
    for (const Places& places : pairs) {
      for (const std::string& place : places) ++told_apart[place];
    }
    const auto rank = [&](const auto& candidate) {
      return std::tuple(-candidate.second, candidate.first == kBaseVersion,
                        length_in_labels(candidate.first, configurations));
    };
    const std::string best = std::ranges::min_element(told_apart, {}, rank)->first;
    chosen.insert(best);
    std::erase_if(pairs, [&](const Places& places) { return places.contains(best); });
  }
  return chosen;
}

/// "n_ctx=16", "precision=bf16", "ctx_init=\"a photo of a\"": quotes only where a reader needs them.
std::string shown(const std::string& place, const std::string& value) {
  const bool is_one_word = value.size() > 2 && value.front() == '"' && value.find(' ') == std::string::npos;
  return fmt::format("{}={}", setting_name(place), is_one_word ? value.substr(1, value.size() - 2) : value);
}

}  // namespace

std::map<std::string, json> settings_of(const RunSpec& spec) {
  json canonical = spec.canonical();
  for (const char* name : {"model", "dataset", "split_hash", "images", "prompt_template", "context_init",
                           "classes", "shots", "seed", "method"})
    canonical.erase(name);
  if (!spec.recipe) canonical.erase("recipe");
  const json places = canonical.flatten();
  std::map<std::string, json> settings;
  for (const auto& [place, value] : places.items()) {
    if (!value.is_null()) settings[place] = value;  // null is an object without members
  }
  // The JSON leaves out what is as usual.
  settings.try_emplace("/tokenizer");
  if (spec.classes.empty()) return settings;
  for (const char* place : {"/draw", "/label_noise", "/imbalance", "/validation"})
    settings.try_emplace(place);
  if (spec.views != 0) settings.try_emplace("/crops", to_string(spec.crops));
  return settings;
}

std::string setting_text(const json& value) {
  return value.is_null() ? "none" : value.is_string() ? value.get<std::string>() : value.dump();
}

std::string setting_name(std::string_view place) {
  return std::string(place.substr(place.rfind('/') + 1));
}

bool is_of_training(std::string_view place) {
  constexpr std::string_view kOfTraining[] = {"/views",       "/crops",     "/draw",
                                              "/label_noise", "/imbalance", kValidation};
  return place.starts_with(kRecipe) || std::ranges::count(kOfTraining, place) > 0;
}

std::vector<std::string> variant_labels(const std::vector<const RunSpec*>& specs) {
  std::set<Configuration> configurations;
  std::vector<const Configuration*> of_spec;
  std::unordered_map<std::string, const Configuration*> known;  // flattening the settings takes long
  for (const RunSpec* spec : specs) {
    const Configuration*& configuration = known[spec->without_seed()];
    if (configuration == nullptr) configuration = &*configurations.insert(configuration_of(*spec)).first;
    of_spec.push_back(configuration);
  }
  const Places telling = telling_settings(configurations);
  std::map<const Configuration*, std::string> labels;
  for (const Configuration& configuration : configurations) {
    std::string& label = labels[&configuration];
    for (const std::string& place : telling) {
      if (!label.empty()) label += ' ';
      label += shown(place, value_at(configuration, place));
    }
  }
  std::vector<std::string> of_each;
  for (const Configuration* configuration : of_spec) of_each.push_back(labels.at(configuration));
  return of_each;
}

}  // namespace promptbed
