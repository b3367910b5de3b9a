#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/tensors/loaded_plugins.h"
#include "methods/method_registry.h"
#include "methods/plugin_check.h"
#include "report/select/spec_text.h"

namespace promptbed {
namespace {

const Usage kUsage = {
    "runner methods [NAME... | check PATH [NAME...]] [OPTIONS]",
    "Lists the methods that the plugins offer, or describes those that are named: options (set with\n"
    "--set METHOD.OPTION=VALUE), recipe and needs. check loads one plugin and tries, on made features, "
    "whether\n"
    "its methods keep the interface's rules; a crash of the plugin is one line of the answer.\n\n"
    "  runner methods coop\n"
    "  runner methods check build/plugins/mine.so"};

const char* word_for(OptionType type) {
  switch (type) {
    case OptionType::integer:
      return "integer";
    case OptionType::real:
      return "real";
    case OptionType::boolean:
      return "boolean";
    case OptionType::text:
      return "text";
  }
  return "";
}

std::span<const OptionSpec> options_of(const Method& method) {
  return {method.spec->options, method.spec->option_count};
}

void print_options(const Method& method) {
  for (const OptionSpec& option : options_of(method)) {
    fmt::print("    {:<12} {:<8} default {:<8} {}\n", option.name, word_for(option.type),
               *option.default_value == '\0' ? "\"\"" : option.default_value, option.help);
  }
}

void list_method(const Method& method) {
  fmt::print("{} (version {}, plugin {})\n  {}\n", method.name(), method.spec->version, method.plugin,
             method.spec->summary);
  print_options(method);
}

std::string needs_text(const Needs& needs) {
  std::vector<std::string> words;
  if (needs.validation_features) words.emplace_back("validation features");
  if (needs.gradients_at_evaluation) words.emplace_back("gradients when it is tested");
  if (needs.views_at_test) words.emplace_back("several views of test images (this runner gives one)");
  if (needs.pixels) words.emplace_back("pixels (this runner gives features)");
  return words.empty() ? "training features only" : fmt::format("{}", fmt::join(words, ", "));
}

void print_recipe(const Recipe& recipe) {
  fmt::print("    {} epochs in batches of {}{}; ", recipe.epochs, recipe.batch_size,
             recipe.keeps_last_batch ? ", the last one smaller" : "");
  if (recipe.warmup_epochs > 0)
    fmt::print("the first {} at a learning rate of {}, then ", recipe.warmup_epochs,
               recipe.warmup_learning_rate);
  fmt::print("a cosine from {} to {}\n", recipe.pace == RatePace::step ? "step" : "epoch",
             recipe.pace == RatePace::step ? "step" : "epoch");
  for (const ParameterGroup& group : recipe.groups) {
    const std::string tensors =
        group.prefix.empty() ? "all tensors" : fmt::format("tensors {}...", group.prefix);
    const std::string mover = recipe.optimiser == OptimiserKind::adamw
                                  ? fmt::format("AdamW, epsilon {}", recipe.epsilon)
                                  : fmt::format("SGD, momentum {}", group.momentum);
    fmt::print("    {}: {}, learning rate {}, weight decay {}\n", tensors, mover, group.learning_rate,
               group.weight_decay);
  }
}

/// What the method makes of a typical setting, or why it cannot serve it.
void print_in_setting(const Method& method, const MethodRegistry& registry, const Setting& setting) {
  const auto learner = registry.create(method, method.default_options());
  Options settled;
  try {
    settled = learner->resolve(setting);
  } catch (const PromptTooLong& fault) {
    fmt::print("  on {}: {}\n", setting.dataset, fault.what());
    return;
  }
  fmt::print("  needs    {}\n", needs_text(learner->needs()));
  if (!settled.values().empty())
    fmt::print("  settled on {}: {}\n", setting.dataset, text_of(settled.values()));
  if (!method.trainable() || method.has_own_solver()) return;
  fmt::print("  recipe on {}, {} shots:\n", setting.dataset, setting.shots);
  print_recipe(learner->recipe(setting));
}

void describe_method(const Method& method, const MethodRegistry& registry, const Setting& setting) {
  fmt::print("{}\n  {}\n", method.name(), method.spec->summary);
  fmt::print("  version  {}\n  plugin   {}\n", method.spec->version, method.file.string());
  fmt::print("  training {}\n", method.has_own_solver() ? "for each draw and seed, by a solver of its own"
                                : method.trainable()
                                    ? "for each draw and seed"
                                    : "none: one run a dataset, whatever the shots and seeds");
  const auto options = options_of(method);
  if (options.empty()) {
    fmt::print("  options  none\n");
  } else {
    fmt::print("  options  (--set {}.{}=...)\n", method.name(), options.front().name);
  }
  print_options(method);
  print_in_setting(method, registry, setting);
}

}  // namespace

int methods_command(const Arguments& arguments) {
  options::options_description described("options", 110, 60);
  described.add_options()("plugins", options::value<std::string>()->value_name("FOLDER"),
                          "one more folder of plugins");
  const auto values = parse_arguments(arguments, described, kUsage, /*takes_words=*/true);
  if (!values) return kAllDone;
  const auto words = values->count("words") > 0 ? (*values)["words"].as<Arguments>() : Arguments();
  if (!words.empty() && words[0] == "check") {
    if (words.size() == 1)
      throw Error("runner methods check needs the path of a plugin, such as build/plugins/mine.so");
    return check_plugin(words[1], {words.begin() + 2, words.end()}, std::cout) ? kAllDone : kSomeFailed;
  }

  const MethodRegistry registry = load_plugins(*values);
  if (registry.methods().empty()) std::cerr << "no plugin was found; give their folder with --plugins\n";
  if (words.empty()) {
    for (const Method& method : registry.methods()) list_method(method);
    return kAllDone;
  }
  std::vector<const Method*> named;
  for (const std::string& name : words) named.push_back(&registry.at(name));
  const Setting setting = typical_setting();
  for (const Method* method : named) describe_method(*method, registry, setting);
  return kAllDone;
}

}  // namespace promptbed
