#include "report/select/spec_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <type_traits>

#include "table/table.h"

namespace promptbed {
namespace {

std::string group_text(const ParameterGroup& group, OptimiserKind kind) {
  std::string text = group.prefix.empty() ? "" : fmt::format("{}*: ", group.prefix);
  text += fmt::format("rate {}", group.learning_rate);
  if (kind == OptimiserKind::sgd) text += fmt::format(", momentum {}", group.momentum);
  return text + fmt::format(", weight decay {}", group.weight_decay);
}

/// "test 0123, train 4567", a line each.
std::string images_text(const std::map<std::string, std::string, std::less<>>& images) {
  std::string text;
  for (const auto& [part, hash] : images)
    text += fmt::format("{}{} {}", text.empty() ? "" : "\n", part, hash);
  return text;
}

}  // namespace

std::string text_of(const OptionValue& value) {
  return std::visit(
      [](const auto& held) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::string>) {
          return fmt::format("\"{}\"", held);
        } else {
          return fmt::format("{}", held);
        }
      },
      value);
}

std::string text_of(const std::map<std::string, OptionValue, std::less<>>& options) {
  std::vector<std::string> words;
  for (const auto& [name, value] : options) words.push_back(fmt::format("{}={}", name, text_of(value)));
  return words.empty() ? "none" : fmt::format("{}", fmt::join(words, ", "));
}

std::string_view name_of(OptimiserKind kind) {
  switch (kind) {
    case OptimiserKind::sgd:
      return "SGD";
    case OptimiserKind::adam:
      return "Adam";
    case OptimiserKind::adamw:
      return "AdamW";
  }
  return "";
}

std::string budget_text(const Recipe& recipe) {
  return recipe.iterations == 0 ? fmt::format("{} epochs", recipe.epochs)
                                : fmt::format("{} steps", recipe.iterations);
}

std::string text_of(const std::optional<Recipe>& recipe) {
  if (!recipe) return "none";
  std::string text =
      fmt::format("{} in batches of {}{}; {}", budget_text(*recipe), recipe->batch_size,
                  recipe->keeps_last_batch ? " (the smaller last one kept)" : "", name_of(recipe->optimiser));
  for (const ParameterGroup& group : recipe->groups) text += "; " + group_text(group, recipe->optimiser);
  text += fmt::format("; cosine by the {}", recipe->pace == RatePace::epoch ? "epoch" : "step");
  if (recipe->end_learning_rate != 0) text += fmt::format(" to {}", recipe->end_learning_rate);
  if (recipe->warmup_epochs > 0)
    text += fmt::format(" after {} at {}", recipe->warmup_epochs, recipe->warmup_learning_rate);
  return text;
}

std::string views_text(const RunSpec& run) {
  if (run.views == 0) return "the centre crop";
  const std::string count = run.views == kFreshCrops ? "a fresh random crop in each epoch"
                                                     : plural(static_cast<size_t>(run.views), "random view");
  return run.crops == CropRange() ? count
                                  : fmt::format("{}{} of {} of the area", count,
                                                run.views == kFreshCrops ? "," : "", percent_text(run.crops));
}

std::string selection_text(const RunSpec& run) {
  // Nothing else is the reason why a run has validation images (plugin.h).
  if (run.images.contains("full_val")) return "all validation images";
  return run.images.contains("val") ? "few-shot validation images" : "";
}

std::string version_text(const RunSpec& run) {
  return run.base_version == 0
             ? std::to_string(run.method_version)
             : fmt::format("{} on a base of version {}", run.method_version, run.base_version);
}

Fields fields_of(const RunSpec& run) {
  const bool trained = !run.classes.empty();
  Fields fields = {{"method", fmt::format("{}, version {}", run.method, version_text(run))},
                   {"options", text_of(run.options)}};
  if (!run.dataset.empty()) {
    fields.emplace_back("dataset", run.dataset);
    fields.emplace_back("split", run.split_hash);
    if (!run.images.empty()) fields.emplace_back("images", images_text(run.images));
  }
  if (trained) {
    fields.emplace_back("trained on", fmt::format("{} classes, {}, seed {}", run.classes,
                                                  plural(static_cast<size_t>(run.shots), "shot"), run.seed));
    if (!run.draw.empty()) fields.emplace_back("given draw", run.draw);
    if (const std::string images = selection_text(run); !images.empty())
      fields.emplace_back("chosen on", images);
    if (run.changes.noise) fields.emplace_back("label noise", to_string(*run.changes.noise));
    if (run.changes.imbalance != 1)
      fields.emplace_back("imbalance", fmt::format("{}", run.changes.imbalance));
    if (!run.validation.empty())
      fields.emplace_back("validation images", "from " + run.validation + " images");
    fields.emplace_back("recipe", text_of(run.recipe));
    fields.emplace_back("views", run.views == 0             ? "the centre crop"
                                 : run.views == kFreshCrops ? "a fresh random crop in each epoch"
                                                            : std::to_string(run.views));
    if (run.views != 0) fields.emplace_back("crops", percent_text(run.crops) + " of the area");
  }
  fields.emplace_back("template", run.prompt_template);
  if (!run.descriptions.empty()) fields.emplace_back("descriptions", run.descriptions);
  fields.emplace_back("context words", run.context_init);
  fields.emplace_back("model", run.model);
  if (!run.tokenizer.empty()) fields.emplace_back("tokenizer", run.tokenizer);
  fields.emplace_back("precision", run.precision);
  return fields;
}

std::string render_fields(const std::string& title, const Fields& fields) {
  size_t width = 0;
  for (const auto& [name, value] : fields) width = std::max(width, name.size());
  std::string text = title + "\n\n";
  for (const auto& [name, value] : fields) {
    std::string indented = value;
    for (size_t place = 0; (place = indented.find('\n', place)) != std::string::npos; place += 1 + width + 2)
      indented.insert(place + 1, width + 2, ' ');
    text += fmt::format("{:<{}}  {}\n", name, width, indented);
  }
  return text;
}

}  // namespace promptbed
