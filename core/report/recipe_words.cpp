#include "report/recipe_words.h"

#include <fmt/format.h>

#include <variant>

namespace promptbed {
namespace {

std::string in_words(const ParameterGroup& group, OptimiserKind optimiser) {
  const std::string momentum =
      optimiser == OptimiserKind::sgd ? fmt::format(", momentum {}", group.momentum) : "";
  return fmt::format("{}{}learning rate {}{}, weight decay {}", group.prefix,
                     group.prefix.empty() ? "" : ": ", group.learning_rate, momentum, group.weight_decay);
}

/// When the learning rate is what.
std::string schedule(const Recipe& recipe) {
  const std::string cosine = recipe.pace == RatePace::step ? "a cosine from step to step" : "a cosine";
  if (recipe.warmup_epochs == 0) return cosine;
  const std::string first = recipe.warmup_epochs == 1
                                ? "the first epoch"
                                : fmt::format("the first {} epochs", recipe.warmup_epochs);
  return fmt::format("{} at {}, then {}", first, recipe.warmup_learning_rate, cosine);
}

}  // namespace

std::string in_words(const Recipe& recipe) {
  std::string words =
      fmt::format("{} epoch{} in batches of {}; {}", recipe.epochs, recipe.epochs == 1 ? "" : "s",
                  recipe.batch_size, recipe.optimiser == OptimiserKind::sgd ? "SGD" : "AdamW");
  for (const ParameterGroup& group : recipe.groups)
    words += fmt::format(", {}", in_words(group, recipe.optimiser));
  return fmt::format("{}; {}", words, schedule(recipe));
}

std::string in_words(const OptionValue& value) {
  return std::visit([](const auto& typed) { return fmt::format("{}", typed); }, value);
}

std::string in_words(const std::map<std::string, OptionValue, std::less<>>& options) {
  std::string words;
  for (const auto& [name, value] : options) {
    const bool is_text = std::holds_alternative<std::string>(value);
    words += fmt::format("{}{}={}{}{}", words.empty() ? "" : ", ", name, is_text ? "\"" : "", in_words(value),
                         is_text ? "\"" : "");
  }
  return words;
}

}  // namespace promptbed
