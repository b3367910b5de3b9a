#include "results/run_spec.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <variant>

#include "base/hash.h"
#include "base/json.h"

namespace promptbed {
namespace {

using nlohmann::json;

constexpr size_t kIdDigits = 16;

json to_json(const OptionValue& value) {
  return std::visit([](const auto& held) { return json(held); }, value);
}

/// 10 rather than 10.0, which nobody types.
json as_typed(double number) {
  return number == std::floor(number) ? json(std::llround(number)) : json(number);
}

OptionValue to_option(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<int64_t>();
  if (value.is_number_float()) return value.get<double>();
  return value.get<std::string>();
}

json to_json(const Recipe& recipe) {
  json groups = json::array();
  for (const ParameterGroup& group : recipe.groups) {
    groups.push_back({{"prefix", group.prefix},
                      {"learning_rate", group.learning_rate},
                      {"momentum", group.momentum},
                      {"weight_decay", group.weight_decay}});
  }
  json value = {{"batch_size", recipe.batch_size},
                {"warmup_epochs", recipe.warmup_epochs},
                {"warmup_learning_rate", recipe.warmup_learning_rate},
                {"groups", groups}};
  if (recipe.iterations == 0) {
    value["epochs"] = recipe.epochs;
  } else {
    value["iterations"] = recipe.iterations;  // and the epochs follow from the images
  }
  // Defaults are left out: a choice that older recipes did not have must not change the ids of their runs.
  if (recipe.optimiser != OptimiserKind::sgd) {
    const char* kind = recipe.optimiser == OptimiserKind::adam ? "adam" : "adamw";
    value["optimiser"] = {{"kind", kind}, {"epsilon", recipe.epsilon}};
  }
  if (recipe.pace == RatePace::step) value["pace"] = "step";
  if (recipe.keeps_last_batch) value["keeps_last_batch"] = true;
  if (recipe.end_learning_rate != 0) value["end_learning_rate"] = recipe.end_learning_rate;
  return value;
}

/// A whole number. Throws Error for 1.5 and 1e99, which the JSON library converts silently.
int64_t whole_at(const json& value, const char* key) {
  const std::optional<int64_t> number = whole_number(value.at(key));
  if (!number)
    throw Error(fmt::format("run spec: {} {} is no whole number; delete its run and sweep again", key,
                            value.at(key).dump()));
  return *number;
}

Recipe to_recipe(const json& value) {
  Recipe recipe;
  if (value.contains("iterations")) {
    recipe.iterations = whole_at(value, "iterations");
  } else {
    recipe.epochs = whole_at(value, "epochs");
  }
  recipe.batch_size = whole_at(value, "batch_size");
  recipe.warmup_epochs = whole_at(value, "warmup_epochs");
  value.at("warmup_learning_rate").get_to(recipe.warmup_learning_rate);
  recipe.groups.clear();
  for (const json& group : value.at("groups")) {
    recipe.groups.push_back({.prefix = group.at("prefix"),
                             .learning_rate = group.at("learning_rate"),
                             .momentum = group.at("momentum"),
                             .weight_decay = group.at("weight_decay")});
  }
  if (value.contains("optimiser")) {
    const json& optimiser = value.at("optimiser");
    recipe.optimiser = optimiser.at("kind") == "adam" ? OptimiserKind::adam : OptimiserKind::adamw;
    optimiser.at("epsilon").get_to(recipe.epsilon);
  }
  if (value.contains("pace")) recipe.pace = RatePace::step;
  recipe.keeps_last_batch = value.contains("keeps_last_batch");
  recipe.end_learning_rate = value.value("end_learning_rate", 0.0);
  return recipe;
}

}  // namespace

std::string test_set_of(const std::string& split_hash, const std::string& images) {
  return images.empty() ? split_hash : fmt::format("{}+{}", split_hash, images);
}

std::string RunSpec::test_set() const {
  const auto tested = images.find("test");
  return test_set_of(split_hash, tested == images.end() ? "" : tested->second);
}

json RunSpec::canonical() const {
  json values = json::object();
  for (const auto& [name, value] : options) values[name] = to_json(value);
  json canonical = {{"model", model},
                    {"dataset", dataset},
                    {"split_hash", split_hash},
                    {"prompt_template", prompt_template},
                    {"context_init", context_init},
                    {"classes", classes},
                    {"shots", shots},
                    {"seed", seed},
                    {"method", method},
                    {"method_version", method_version},
                    {"options", values},
                    {"recipe", recipe ? to_json(*recipe) : json()},
                    {"views", views},
                    {"precision", precision}};
  // Left out by default, for the same reason.
  if (!draw.empty()) canonical["draw"] = draw;
  if (changes.noise) canonical["label_noise"] = to_string(*changes.noise);
  if (changes.imbalance != 1) canonical["imbalance"] = as_typed(changes.imbalance);
  if (!validation.empty()) canonical["validation"] = validation;
  if (crops != CropRange()) canonical["crops"] = to_string(crops);
  if (!images.empty()) canonical["images"] = images;
  if (base_version != 0) canonical["base_version"] = base_version;
  if (!tokenizer.empty()) canonical["tokenizer"] = tokenizer;
  if (!descriptions.empty()) canonical["descriptions"] = descriptions;
  return canonical;
}

std::string RunSpec::id() const {
  return id_of_canonical(canonical().dump());
}

std::string RunSpec::without_seed() const {
  json common = canonical();
  common.erase("seed");
  if (!draw.empty()) common["draw"] = "given";
  if (!images.empty()) {
    for (const std::string_view drawn : kDrawnImages) common["images"].erase(std::string(drawn));
  }
  return common.dump();
}

RunSpec RunSpec::parse(const json& canonical) {
  try {
    RunSpec spec;
    canonical.at("model").get_to(spec.model);
    canonical.at("dataset").get_to(spec.dataset);
    canonical.at("split_hash").get_to(spec.split_hash);
    canonical.at("prompt_template").get_to(spec.prompt_template);
    canonical.at("context_init").get_to(spec.context_init);
    canonical.at("classes").get_to(spec.classes);
    spec.shots = whole_at(canonical, "shots");
    spec.seed = whole_at(canonical, "seed");
    spec.draw = canonical.value("draw", "");
    if (canonical.contains("label_noise"))
      spec.changes.noise =
          parse_label_noise(canonical.at("label_noise").get_ref<const std::string&>(), "label_noise");
    spec.changes.imbalance = canonical.value("imbalance", 1.0);
    spec.validation = canonical.value("validation", "");
    canonical.at("method").get_to(spec.method);
    spec.method_version = whole_at(canonical, "method_version");
    for (const auto& [name, value] : canonical.at("options").items()) spec.options[name] = to_option(value);
    if (const json& recipe = canonical.at("recipe"); !recipe.is_null()) spec.recipe = to_recipe(recipe);
    spec.views = whole_at(canonical, "views");
    canonical.at("precision").get_to(spec.precision);
    if (canonical.contains("crops"))
      spec.crops = parse_crops(canonical.at("crops").get<std::string>(), "crops");
    if (canonical.contains("images")) canonical.at("images").get_to(spec.images);
    if (canonical.contains("base_version")) spec.base_version = whole_at(canonical, "base_version");
    spec.tokenizer = canonical.value("tokenizer", "");
    spec.descriptions = canonical.value("descriptions", "");
    return spec;
  } catch (const json::exception& fault) {
    throw Error(fmt::format("run spec: {}; delete its run and sweep again", fault.what()));
  }
}

std::string id_of_canonical(std::string_view text) {
  return Hasher().add(text).hex().substr(0, kIdDigits);
}

bool is_run_id(std::string_view text) {
  return text.size() == kIdDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace promptbed
