#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>

#include "cli/tensors/input_options.h"
#include "methods/method_registry.h"
#include "methods/plugin_check.h"
#include "report/select/spec_text.h"

namespace promptbed {
namespace {

Subcommand methods_description() {
  return {.usage = "runner methods [NAME...] [OPTIONS]",
          .explanation =
              "Lists the methods that the plugins offer, or describes those that are named: options\n"
              "(set with --set METHOD.OPTION=VALUE), needs and recipe.\n\n"
              "  runner methods                                what there is, a line each\n"
              "  runner methods coop                           all about one\n"
              "  runner methods check build/plugins/mine.so    tests a plugin",
          .options = {{"options", {shared("plugins")}}},
          .takes_arguments = true};
}

Subcommand check_description() {
  return {
      .usage = "runner methods check PATH [NAME...] [OPTIONS]",
      .explanation =
          "Loads the plugin PATH and tests that its methods, or those that are named, follow the\n"
          "interface's rules, on random features; prints a line for each rule. If the plugin crashes, the\n"
          "report says so. docs/plugins.md explains the rules.\n\n"
          "  runner methods check build/plugins/mine.so",
      .options = {{"options", {shared("plugins")}}},
      .takes_arguments = true};
}

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

/// What a method does with validation images; "" if it does nothing with them.
std::string choice_text(const Method& method) {
  switch (method.spec->selection) {
    case Selection::none:
      break;
    case Selection::few_shot_validation:
      return "chooses on few-shot validation images";
    case Selection::full_validation:
      return "chooses on all validation images";
  }
  return "";
}

/// A line for each, names before what they are.
void list_methods(const std::vector<Method>& methods) {
  size_t width = 0;
  for (const Method& method : methods) width = std::max(width, method.name().size());
  for (const Method& method : methods) fmt::print("{:<{}}  {}\n", method.name(), width, method.spec->summary);
  if (width > 0) fmt::print(stderr, "\nOptions, needs and recipe of one: runner methods NAME\n");
}

std::string needs_text(const Needs& needs) {
  std::vector<std::string> words;
  if (needs.validation_features) words.emplace_back("validation features");
  if (needs.gradients_at_evaluation) words.emplace_back("gradients in evaluation");
  if (needs.pixels) words.emplace_back("pixels");
  if (needs.views_at_test > 0) words.push_back(fmt::format("{} crops of test images", needs.views_at_test));
  if (needs.descriptions) words.emplace_back("descriptions of the classes, if there are some");
  return words.empty() ? "training features only" : fmt::format("{}", fmt::join(words, ", "));
}

void print_recipe(const Recipe& recipe) {
  fmt::print("    {} in batches of {}{}; ", budget_text(recipe), recipe.batch_size,
             recipe.keeps_last_batch ? ", the last one smaller" : "");
  if (recipe.warmup_epochs > 0)
    fmt::print("{} of warm-up at a learning rate of {}, then ",
               plural(static_cast<size_t>(recipe.warmup_epochs), "epoch"), recipe.warmup_learning_rate);
  fmt::print("a cosine from {} to {}", recipe.pace == RatePace::step ? "step" : "epoch",
             recipe.pace == RatePace::step ? "step" : "epoch");
  fmt::print("{}\n",
             recipe.end_learning_rate == 0 ? "" : fmt::format(", down to {}", recipe.end_learning_rate));
  for (const ParameterGroup& group : recipe.groups) {
    const char* const others = &group == &recipe.groups.front() ? "all tensors" : "all other tensors";
    const std::string tensors = group.prefix.empty() ? others : fmt::format("tensors {}*", group.prefix);
    const std::string mover = recipe.optimiser == OptimiserKind::sgd
                                  ? fmt::format("SGD, momentum {}", group.momentum)
                                  : fmt::format("{}, epsilon {}", name_of(recipe.optimiser), recipe.epsilon);
    fmt::print("    {}: {}, learning rate {}, weight decay {}\n", tensors, mover, group.learning_rate,
               group.weight_decay);
  }
}

/// What the method makes of a typical setting, or why it cannot serve it.
void print_in_setting(const Method& method, const MethodRegistry& registry, const Setting& setting) {
  const auto learner = registry.create(method, registry.options_of(method));
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
  fmt::print("  recipe on {}, {}, {} shots:\n", setting.dataset, to_string(setting.protocol), setting.shots);
  print_recipe(learner->recipe(setting));
}

/// The base that a wrapper has unless another is given.
void print_base(const Method& method, const MethodRegistry& registry) {
  const Method& base = *registry.base_of(method, method.default_options());
  fmt::print("  base     {} (version {}); --set {}.{}=... gives another\n", base.name(), base.spec->version,
             method.name(), kBaseOption);
  fmt::print("    its options: --set {}.OPTION=..., or --set {}.{}.OPTION=... under {} alone\n", base.name(),
             method.name(), kBaseOption, method.name());
}

void describe_method(const Method& method, const MethodRegistry& registry, const Setting& setting) {
  fmt::print("{}\n  {}\n", method.name(), method.spec->summary);
  fmt::print("  version  {}\n  plugin   {}\n", method.spec->version, method.file.string());
  fmt::print("  training {}\n",
             method.has_own_solver() ? "for each draw and seed, with its own solver"
             : method.trainable()    ? "for each draw and seed"
             : method.spec->online
                 ? "none: it learns from a test's images as they come; one run for each seed"
                 : "none: one run per dataset, whatever the shots and seeds");
  if (const std::string selection = choice_text(method); !selection.empty())
    fmt::print("  choice   {}\n", selection);
  const auto options = options_of(method);
  if (options.empty()) {
    fmt::print("  options  none\n");
  } else {
    fmt::print("  options  (--set {}.{}=...)\n", method.name(), options.front().name);
  }
  print_options(method);
  if (method.is_wrapper()) print_base(method, registry);
  print_in_setting(method, registry, setting);
}

int check(const Arguments& named, const Values& values) {
  if (named.empty())
    throw Error("runner methods check needs the path of a plugin, such as build/plugins/mine.so");
  const bool all_kept =
      check_plugin(named[0], {named.begin() + 1, named.end()}, read_plugin_folders(values), std::cout);
  return all_kept ? kAllDone : kSomeFailed;
}

}  // namespace

int methods_command(const Arguments& arguments) {
  // Both take the same options, so that they may stand before the word, too.
  const bool checks = std::ranges::count(arguments, "check") > 0;
  const std::optional<Values> values = parse(arguments, checks ? check_description() : methods_description());
  describe(check_description());
  if (!values) return kAllDone;
  const Arguments& named = values->arguments();
  if (checks && !named.empty() && named[0] == "check")
    return check({named.begin() + 1, named.end()}, *values);

  const MethodRegistry registry = load_plugins(*values);
  if (registry.methods().empty()) std::cerr << "no plugin found; give their folder with --plugins\n";
  if (named.empty()) {
    list_methods(registry.methods());
    return kAllDone;
  }
  std::vector<const Method*> methods;
  for (const std::string& name : named) methods.push_back(&registry.at(name));
  const Setting setting = typical_setting();
  for (const Method* method : methods) describe_method(*method, registry, setting);
  return kAllDone;
}

}  // namespace promptbed
