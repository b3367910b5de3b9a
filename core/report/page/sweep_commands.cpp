#include "report/page/sweep_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <variant>

#include "report/select/series.h"

namespace promptbed {
namespace {

/// What the runs of one command share, besides their method and its options.
struct Settings {
  std::optional<Protocol> protocol;  ///< nothing in older ledgers
  std::string source;                ///< of protocols that have one
  std::string suite;                 ///< of the source, or else of the dataset; "" if it is of none
  int64_t views = 0;                 ///< or kFreshCrops, which any number above 0 stands for
  std::string crops = {};            ///< unless they are the suite's
  std::string precision;
  bool is_trained = false;
  bool has_given_draws = false;
  std::string label_noise = {}, imbalance = {};  ///< "" for none
  bool validates_on_training = false;
  bool has_descriptions = false;
  bool has_templates = false;  ///< others than the suite's
  std::optional<int64_t> epochs = {}, batch_size = {};
  std::optional<double> learning_rate = {};  ///< if all groups of parameters have the same

  auto operator<=>(const Settings&) const = default;
};

/// What a command spans.
struct Span {
  std::set<std::string> datasets;  ///< tested on
  std::set<int64_t> shots, seeds;

  auto operator<=>(const Span&) const = default;
};

/// A method with its options.
struct Choice {
  std::string method;
  std::map<std::string, std::string> options;

  auto operator<=>(const Choice&) const = default;
};

/// The learning rate of all groups if they share one, since `--lr` sets all.
std::optional<double> common_rate(const Recipe& recipe) {
  const double first = recipe.groups.front().learning_rate;
  const bool same = std::ranges::all_of(
      recipe.groups, [&](const ParameterGroup& group) { return group.learning_rate == first; });
  return same ? std::optional(first) : std::nullopt;
}

bool names_source(const std::optional<Protocol>& protocol) {
  return protocol && promptbed::has_source(*protocol);
}

/// The suite that a dataset is of; nullptr for the user's own.
const Suite* suite_with(const std::string& dataset, const std::vector<Suite>& suites) {
  const auto found =
      std::ranges::find_if(suites, [&](const Suite& suite) { return holds(suite, {dataset}); });
  return found == suites.end() ? nullptr : &*found;
}

/// The dataset that untrained runs of a protocol are set beside: what `dataset` is a shifted version of; what
/// was trained on and tested there; or else the first one of the suite that was tested.
std::string source_beside(const std::string& dataset, Protocol protocol, const RunSelection& selection,
                          const std::vector<Suite>& suites) {
  const Suite* suite = suite_with(dataset, suites);
  if (protocol == Protocol::domain) {
    if (suite != nullptr && !suite->shifts.empty()) return suite->shifts;
    if (std::ranges::find(suites, dataset, &Suite::shifts) != suites.end()) return dataset;
  }
  const std::string* neighbour = nullptr;
  for (const RunResults& other : selection.runs) {
    if (std::ranges::find(other.record.protocols, protocol) == other.record.protocols.end()) continue;
    const std::string& own = other.spec().dataset;
    if (other.is_trained() && other.score(dataset, "all") != nullptr) return own;
    if (neighbour == nullptr && suite_with(own, suites) == suite) neighbour = &own;
  }
  return neighbour == nullptr ? dataset : *neighbour;
}

/// Whether a run had a template or context words of the user's in place of its suite's.
bool has_templates(const RunSpec& spec, const std::vector<Suite>& suites) {
  const Suite* suite = suite_with(spec.dataset, suites);
  if (suite == nullptr) return false;
  const DatasetSpec& dataset = suite->at(spec.dataset);
  return spec.prompt_template != dataset.prompt_template || spec.context_init != dataset.context_init;
}

Settings settings_of_command(const RunResults& run, const std::optional<Protocol>& protocol,
                             const RunSelection& selection, const std::vector<Suite>& suites) {
  const RunSpec& spec = run.spec();
  std::string source;
  if (names_source(protocol))
    source = run.is_trained() ? spec.dataset : source_beside(spec.dataset, *protocol, selection, suites);
  const Suite* suite = suite_with(source.empty() ? spec.dataset : source, suites);
  Settings settings{.protocol = protocol,
                    .source = source,
                    .suite = suite == nullptr ? "" : suite->id,
                    .views = spec.views,
                    .precision = spec.precision,
                    .is_trained = run.is_trained(),
                    .has_given_draws = !spec.draw.empty(),
                    .validates_on_training = !spec.validation.empty(),
                    .has_descriptions = !spec.descriptions.empty(),
                    .has_templates = has_templates(spec, suites)};
  if (spec.changes.noise) settings.label_noise = to_string(*spec.changes.noise);
  if (spec.changes.imbalance != 1) settings.imbalance = fmt::format("{}", spec.changes.imbalance);
  const CropRange usual = suite == nullptr
                              ? CropRange()
                              : suite->at(settings.source.empty() ? spec.dataset : settings.source).crops;
  const bool has_crops = spec.views != 0 || spec.crops != CropRange();
  if (has_crops && spec.crops != usual) settings.crops = to_string(spec.crops);
  if (spec.recipe) {
    if (spec.recipe->iterations == 0) settings.epochs = spec.recipe->epochs;
    settings.batch_size = spec.recipe->batch_size;
    settings.learning_rate = common_rate(*spec.recipe);
  }
  return settings;
}

/// An option's value as typed after --set, where an unescaped comma separates two values.
std::string typed(const OptionValue& value) {
  std::string words;
  for (const char c : std::visit([](const auto& held) { return fmt::format("{}", held); }, value)) {
    if (c == ',') words += '\\';
    words += c;
  }
  return words;
}

Choice choice_of(const RunSpec& spec) {
  Choice choice{.method = spec.method, .options = {}};
  for (const auto& [name, value] : spec.options) choice.options.emplace(name, typed(value));
  return choice;
}

bool is_plain(std::string_view word) {
  return !word.empty() && word.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789_-.,=/:+") == std::string_view::npos;
}

/// Quoted if a shell would not take it as one word.
std::string shell_word(const std::string& word) {
  if (is_plain(word)) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

/// The options of a command, in the order in which a person would give them.
class Words {
 public:
  template <class Value>
  void add(const char* option, Value&& value) {
    options_.push_back(
        fmt::format("{} {}", option, shell_word(fmt::format("{}", std::forward<Value>(value)))));
  }

  /// With line breaks between options.
  std::string command() const {
    std::string command = "runner sweep";
    size_t length = command.size();
    for (const std::string& option : options_) {
      const bool breaks = length + 1 + option.size() > kLineLength;
      command += (breaks ? " \\\n    " : " ") + option;
      length = (breaks ? 4 : length + 1) + option.size();
    }
    return command;
  }

 private:
  static constexpr size_t kLineLength = 110;

  std::vector<std::string> options_;
};

/// The options that name the inputs, unless a sweep finds them itself.
void add_inputs(Words& words, const Settings& settings, const Span& span, const Suite* suite,
                const std::vector<Suite>& suites) {
  if (suite != nullptr) words.add("--suite", suite->id);
  if (suite == nullptr || suite->model.empty()) words.add("--model", "MODEL");
  std::set<std::string> datasets = span.datasets;
  if (!settings.source.empty()) datasets.insert(settings.source);
  const bool needs_data = std::ranges::any_of(datasets, [&](const std::string& dataset) {
    const Suite* of = suite_with(dataset, suites);
    return of != nullptr && of->data.empty();
  });
  if (needs_data) words.add("--data", "DATA");
}

/// As a sweep finds it: one of no suite by its path, which is not known here.
std::string named(const std::string& dataset, const std::vector<Suite>& suites) {
  return suite_with(dataset, suites) != nullptr ? dataset : "PATH/" + dataset;
}

/// Datasets separated by commas, in the suite's order; "all" for all of it.
std::string listed(std::set<std::string> datasets, const Suite* suite, const std::vector<Suite>& suites) {
  std::vector<std::string> ordered;
  if (suite != nullptr) {
    for (const DatasetSpec& dataset : suite->datasets) {
      if (datasets.erase(dataset.id) > 0) ordered.push_back(dataset.id);
    }
    if (datasets.empty() && ordered.size() == suite->datasets.size()) return "all";
  }
  for (const std::string& dataset : datasets) ordered.push_back(named(dataset, suites));
  return fmt::format("{}", fmt::join(ordered, ","));
}

void add_datasets(Words& words, const Settings& settings, const Span& span, const Suite* suite,
                  const std::vector<Suite>& suites) {
  if (!names_source(settings.protocol)) {
    words.add("--datasets", listed(span.datasets, suite, suites));
    return;
  }
  std::set<std::string> targets = span.datasets;
  targets.erase(settings.source);
  words.add("--source", named(settings.source, suites));
  if (!targets.empty()) words.add("--targets", listed(targets, suite, suites));
}

std::string command_of(const std::vector<Choice>& choices, const Settings& settings, const Span& span,
                       const std::vector<Suite>& suites) {
  const auto found = std::ranges::find(suites, settings.suite, &Suite::id);
  const Suite* suite = found == suites.end() ? nullptr : &*found;
  std::vector<std::string> methods;
  for (const Choice& choice : choices) methods.push_back(choice.method);
  Words words;
  if (settings.protocol) words.add("--protocol", to_string(*settings.protocol));
  words.add("--methods", fmt::join(methods, ","));
  add_datasets(words, settings, span, suite, suites);
  add_inputs(words, settings, span, suite, suites);
  if (settings.is_trained) words.add("--shots", fmt::join(span.shots, ","));
  if (!span.seeds.empty()) words.add("--seeds", fmt::join(span.seeds, ","));
  if (settings.is_trained) {
    if (settings.views != kFreshCrops) words.add("--views", settings.views);
    if (settings.epochs) words.add("--epochs", *settings.epochs);
    if (settings.batch_size) words.add("--batch-size", *settings.batch_size);
    if (settings.learning_rate) words.add("--lr", *settings.learning_rate);
    if (settings.has_given_draws) words.add("--draws", "DRAWS");
    if (!settings.label_noise.empty()) words.add("--label-noise", settings.label_noise);
    if (!settings.imbalance.empty()) words.add("--imbalance", settings.imbalance);
    if (settings.validates_on_training) words.add("--imagenet-val", "train");
  }
  if (!settings.crops.empty()) words.add("--crops", settings.crops);
  words.add("--precision", settings.precision);
  if (settings.has_templates) words.add("--templates", "TEMPLATES");
  if (settings.has_descriptions) {
    for (const std::string& dataset : span.datasets) words.add("--descriptions", dataset + "=FILE");
  }
  for (const Choice& choice : choices) {
    for (const auto& [name, value] : choice.options)
      words.add("--set", fmt::format("{}.{}={}", choice.method, name, value));
  }
  return words.command();
}

using Spans = std::map<std::pair<Settings, Choice>, Span>;

void take(Spans& spans, const RunResults& run, const std::optional<Protocol>& protocol,
          const RunSelection& selection, const std::vector<Suite>& suites) {
  Span& span = spans[{settings_of_command(run, protocol, selection, suites), choice_of(run.spec())}];
  span.datasets.insert(run.spec().dataset);
  if (run.has_seed()) span.seeds.insert(run.spec().seed);
  if (!run.is_trained()) return;
  span.shots.insert(run.spec().shots);
  if (!names_source(protocol)) return;
  for (const Score& score : run.scores) span.datasets.insert(score.dataset);
  for (const Refusal& refusal : run.refusals) span.datasets.insert(refusal.dataset);
}

/// A command can have several methods, but no method twice.
void put(std::vector<std::vector<Choice>>& commands, const Choice& choice) {
  for (std::vector<Choice>& command : commands) {
    if (std::ranges::find(command, choice.method, &Choice::method) != command.end()) continue;
    command.push_back(choice);
    return;
  }
  commands.push_back({choice});
}

}  // namespace

bool holds(const Suite& suite, const std::set<std::string>& datasets) {
  return std::ranges::all_of(datasets, [&](const std::string& id) {
    return std::ranges::find(suite.datasets, id, &DatasetSpec::id) != suite.datasets.end();
  });
}

std::vector<std::string> sweep_commands(const RunSelection& selection, const std::vector<Suite>& suites) {
  Spans spans;
  for (const RunResults& run : selection.runs) {
    if (run.record.protocols.empty()) take(spans, run, {}, selection, suites);
    for (const Protocol protocol : run.record.protocols) take(spans, run, protocol, selection, suites);
  }
  std::map<std::pair<Settings, Span>, std::vector<std::vector<Choice>>> choices;
  for (auto& [key, span] : spans) {
    const Settings& settings = key.first;
    if (names_source(settings.protocol))
      drop_other_targets(span.datasets, *settings.protocol, settings.source, suites);
    put(choices[{key.first, span}], key.second);
  }
  const std::vector<std::string> methods = methods_of(selection);
  std::vector<std::string> commands;
  for (auto& [key, lists] : choices) {
    for (std::vector<Choice>& list : lists) {
      std::ranges::sort(list, {},
                        [&](const Choice& choice) { return std::ranges::find(methods, choice.method); });
      commands.push_back(command_of(list, key.first, key.second, suites));
    }
  }
  return commands;
}

}  // namespace promptbed
