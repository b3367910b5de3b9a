#include "cli/options.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace promptbed {
namespace {

namespace po = boost::program_options;

constexpr unsigned kLineWidth = 110, kDescriptionWidth = 60;
constexpr const char* kArguments =
    "\n";  // Boost's name for the words that belong to no option: one that cannot be typed

/// Every option that more than one subcommand takes.
const std::vector<CommandOption>& shared_options() {
  static const std::vector<CommandOption> table = {
      // The grid.
      {"methods", "M,...", "methods, separated by commas (see runner methods)"},
      {"method", "M", "a method (see runner methods)"},
      {"datasets", "D,...", "datasets of the suite (see runner datasets list), all, or folders of your own"},
      {"dataset", "D", "a dataset of the suite, or a folder of your own"},
      {"shots", "N,...", "training images per class"},
      {"seeds", "N,...", "seeds of draws, initial values and order"},
      {"seed", "N", "seed of the draw, initial values and order", ValueKind::number},
      {"protocol", "P",
       "base-new: train on the first half of the classes, test both halves; few-shot: train and test on all; "
       "cross-dataset: train on one dataset, test it and others; domain: the same, with shifted versions of "
       "it"},
      {"source", "D", "the dataset that cross-dataset and domain train on"},
      {"targets", "D,...", "the datasets that they test as well; default: all others"},
      {.name = "draws",
       .value = "FILE",
       .help = "a draw from runner datasets draw or import-draw, for its dataset, shots and seed; repeatable",
       .repeatable = true},
      {.name = "set",
       .value = "M.O=V",
       .help = "option of a method, such as coop.n_ctx=16; repeatable",
       .repeatable = true},
      {"epochs", "N", "override the method's recipe", ValueKind::number},
      {"batch-size", "N", "override the method's recipe", ValueKind::number},
      {"lr", "X", "learning rate; override the method's recipe", ValueKind::real},
      {"views", "N", "augmented renderings per training image; 0: the centre crop only", ValueKind::number,
       "10"},
      {"force", "", "repeat finished runs", ValueKind::flag},
      // Classes.
      {"class-set", "S", "base, new or all: the first half of the dataset's classes, the second, or both"},
      {"classes", "C,...", "class names, separated by commas"},
      {"classes-file", "FILE", "class names, one per line or as a JSON list"},
      {"class-names", "FILE", "JSON of your own class names by dataset (docs/datasets.md)"},
      {"templates", "FILE", "JSON of your own templates by dataset (docs/datasets.md)"},
      // The model and where it runs.
      {"model", "PATH",
       "CLIP: a folder in the Hugging Face or open_clip layout, or a checkpoint file; default: the suite's "
       "own"},
      {"activation", "A", "quick_gelu or gelu, for a checkpoint file that does not say"},
      {"precision", "P", "of the frozen towers: f32 or bf16", ValueKind::text, "f32"},
      {"device", "D", "cpu, cuda or cuda:N", ValueKind::text, "cpu"},
      {"threads", "N", "threads", ValueKind::number},
      // Data.
      {"suite", "S", "list of datasets; default: pocket, or paper if --data is given"},
      {"data", "FOLDER",
       "holds the datasets' folders with their images; default: the suite's own splits and sealed features"},
      {"cache", "FOLDER", "image features, generated splits, listings of large folders", ValueKind::text,
       "runs/cache"},
      // Runs and prompts.
      {"db", "FILE", "ledger of runs and scores", ValueKind::text, "runs/promptbed.db"},
      {"prompt", "PROMPT", "a trained prompt: a file, or a run's id"},
      {"plugins", "FOLDER", "one more folder of plugins"},
      {.name = "where",
       .value = "[M.]SETTING=V,...",
       .help = "only runs whose setting has one of these values, such as coop.n_ctx=16, views=10 or "
               "epochs=50; repeatable",
       .repeatable = true},
      {"fingerprint", "F", "only runs of the model with this fingerprint, or a prefix of it"},
      // Output.
      {"format", "F", "text, csv or json", ValueKind::text, "text"},
      {"output", "FILE", "write to this file"},
      {"top", "N", "how many to list", ValueKind::number, "5"},
      {"dry-run", "", "show what would be done, and do nothing", ValueKind::flag},
  };
  return table;
}

po::options_description boost_group(const OptionGroup& group) {
  po::options_description described(group.heading, kLineWidth, kDescriptionWidth);
  for (const CommandOption& option : group.options) {
    if (option.kind == ValueKind::flag) {
      described.add_options()(option.name.c_str(), po::bool_switch(), option.help.c_str());
      continue;
    }
    auto* value = po::value<std::vector<std::string>>()->value_name(option.value);
    if (option.repeatable) value->composing();
    if (option.otherwise) value->default_value({*option.otherwise}, *option.otherwise);
    if (option.required) value->required();
    described.add_options()(option.name.c_str(), value, option.help.c_str());
  }
  return described;
}

po::options_description boost_options(const Subcommand& subcommand) {
  po::options_description described(kLineWidth, kDescriptionWidth);
  for (const OptionGroup& group : subcommand.options) described.add(boost_group(group));
  po::options_description general("general", kLineWidth, kDescriptionWidth);
  general.add_options()("config", po::value<std::string>()->value_name("FILE"),
                        "an INI file of these options")("help,h", "print this help");
  described.add(general);
  return described;
}

/// Boost's message in one line, and the remedy.
Error explained(const po::error& fault, const Subcommand& subcommand) {
  if (dynamic_cast<const po::too_many_positional_options_error*>(&fault) != nullptr)
    return Error(fmt::format("takes no arguments but options; see {} --help",
                             subcommand.usage.substr(0, subcommand.usage.find(" -"))));
  const auto* unknown = dynamic_cast<const po::unknown_option*>(&fault);
  if (unknown == nullptr) return Error(fmt::format("{}; see --help", fault.what()));
  std::string name = unknown->get_option_name();
  name.erase(0, std::min(name.find_first_not_of('-'), name.size()));
  if (const auto retired = subcommand.retired.find(name); retired != subcommand.retired.end())
    return Error(fmt::format("--{}: is now {}", name, retired->second));
  std::vector<std::string> known;
  for (const OptionGroup& group : subcommand.options) {
    for (const CommandOption& option : group.options) known.push_back("--" + option.name);
  }
  if (known.empty()) return Error(fmt::format("option --{}: goes behind the subcommand; see --help", name));
  return Error(fmt::format("unknown option --{}; known: {}", name, fmt::join(known, ", ")));
}

void read_config(const std::string& path, const po::options_description& described,
                 const Subcommand& subcommand, po::variables_map& values) {
  std::ifstream in(path);
  if (!in || std::filesystem::is_directory(path))
    throw Error(fmt::format("--config {}: cannot be read; give an INI file", path));
  try {
    po::store(po::parse_config_file(in, described), values);
  } catch (const po::error& fault) {
    throw Error(fmt::format("--config {}: {}", path, explained(fault, subcommand).what()));
  }
}

template <class Number>
Number number_from(std::string_view option, const std::string& text, const char* kind) {
  Number number{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size())
    throw Error(fmt::format("--{} {}: is not {}", option, text, kind));
  return number;
}

/// Values of one option; wrong ones are found here, before any work.
std::vector<std::string> texts_of(const CommandOption& option, const po::variable_value& value) {
  if (option.kind == ValueKind::flag) return {value.as<bool>() ? "true" : "false"};
  auto texts = value.as<std::vector<std::string>>();
  if (texts.size() > 1 && !option.repeatable)
    throw Error(fmt::format("--{}: is given {} times; give it once", option.name, texts.size()));
  for (const std::string& text : texts) {
    if (text.empty() && !value.defaulted())
      throw Error(fmt::format("--{}: has an empty value; give one, or leave the option out", option.name));
    if (option.kind == ValueKind::number) number_from<int64_t>(option.name, text, "a whole number");
    if (option.kind == ValueKind::real && !std::isfinite(number_from<double>(option.name, text, "a number")))
      throw Error(fmt::format("--{} {}: is not a finite number", option.name, text));
  }
  return texts;
}

}  // namespace

CommandOption shared(std::string_view name, const std::string& remark) {
  const auto found = std::ranges::find(shared_options(), name, &CommandOption::name);
  if (found == shared_options().end()) throw std::logic_error(fmt::format("no shared option --{}", name));
  CommandOption option = *found;
  if (!remark.empty()) option.help += fmt::format(" ({})", remark);
  return option;
}

CommandOption shared_or(std::string_view name, const std::string& otherwise, const std::string& remark) {
  CommandOption option = shared(name, remark);
  option.otherwise = otherwise;
  return option;
}

CommandOption required(CommandOption option) {
  option.required = true;
  return option;
}

CommandOption text_or_json() {
  return {"format", "F", "text or json", ValueKind::text, "text"};
}

OptionGroup model_options() {
  return {"model", {shared("model"), shared("activation"), shared("precision"), shared("device")}};
}

OptionGroup data_options() {
  return {"datasets",
          {shared("suite"), shared("data"), shared("cache"), shared("templates"), shared("class-names")}};
}

bool Values::given(std::string_view name) const {
  const auto found = entries_.find(name);
  return found != entries_.end() && found->second.given;
}

std::string Values::text(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() || found->second.texts.empty() ? "" : found->second.texts.front();
}

std::vector<std::string> Values::texts(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? std::vector<std::string>() : found->second.texts;
}

std::vector<std::string> Values::items(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end() || found->second.texts.empty()) return {};
  const std::string& list = found->second.texts.front();
  std::vector<std::string> items;
  std::istringstream in(list);
  for (std::string item; std::getline(in, item, ',');) items.push_back(item);
  if (list.empty() || list.ends_with(',')) items.emplace_back();
  for (const std::string& item : items) {
    if (item.empty())
      throw Error(fmt::format("--{} {}: has an empty item; separate items by one comma", name, list));
    if (std::ranges::count(items, item) > 1)
      throw Error(fmt::format("--{} {}: names {} twice; leave one out", name, list, item));
  }
  return items;
}

std::vector<int64_t> Values::numbers(std::string_view name) const {
  std::vector<int64_t> numbers;
  for (const std::string& item : items(name))
    numbers.push_back(number_from<int64_t>(name, item, "a whole number"));
  return numbers;
}

std::optional<int64_t> Values::number(std::string_view name) const {
  const std::string value = text(name);
  if (value.empty()) return std::nullopt;
  return number_from<int64_t>(name, value, "a whole number");
}

std::optional<double> Values::real(std::string_view name) const {
  const std::string value = text(name);
  if (value.empty()) return std::nullopt;
  return number_from<double>(name, value, "a number");
}

bool Values::flag(std::string_view name) const {
  return text(name) == "true";
}

int64_t Values::positive(std::string_view name, int64_t otherwise, int64_t most) const {
  const int64_t value = number(name).value_or(otherwise);
  if (value < 1 || value > most) throw Error(fmt::format("--{} {}: give 1 to {}", name, value, most));
  return value;
}

const std::string& Values::only_argument(const std::string& subcommand, const std::string& what) const {
  if (arguments_.size() == 1) return arguments_.front();
  throw Error(arguments_.empty()
                  ? fmt::format("runner {} needs {}", subcommand, what)
                  : fmt::format("runner {} takes {}, and not also {}", subcommand, what, arguments_[1]));
}

std::optional<Values> parse(const Arguments& arguments, const Subcommand& subcommand) {
  const po::options_description described = boost_options(subcommand);
  po::options_description all;
  all.add(described);
  po::positional_options_description positions;
  if (subcommand.takes_arguments) {
    all.add_options()(kArguments, po::value<std::vector<std::string>>());
    positions.add(kArguments, -1);
  }
  po::variables_map found;
  try {
    // A number may be negative, and no option may be abbreviated: a script must not change its meaning when
    // an option is added.
    using namespace po::command_line_style;
    const auto style = (unix_style & ~allow_guessing) | allow_long;
    po::store(po::command_line_parser(arguments).options(all).positional(positions).style(style).run(),
              found);
    if (found.count("help") > 0) {
      std::cout << "usage: " << subcommand.usage << "\n\n" << subcommand.explanation << '\n' << described;
      return std::nullopt;
    }
    if (found.count("config") > 0)
      read_config(found["config"].as<std::string>(), described, subcommand, found);
    po::notify(found);
  } catch (const po::error& fault) {
    throw explained(fault, subcommand);
  }
  Values values;
  for (const OptionGroup& group : subcommand.options) {
    for (const CommandOption& option : group.options) {
      if (found.count(option.name) == 0) continue;
      const po::variable_value& value = found[option.name];
      const bool given = !value.defaulted() && (option.kind != ValueKind::flag || value.as<bool>());
      values.entries_[option.name] = {texts_of(option, value), given};
    }
  }
  if (found.count(kArguments) > 0) values.arguments_ = found[kArguments].as<Arguments>();
  return values;
}

int run_subcommand(const Subcommands& command, const Arguments& arguments,
                   const std::vector<std::pair<std::string, int (*)(const Arguments&)>>& known) {
  std::vector<std::string> names;
  for (const auto& [name, run] : known) {
    if (!arguments.empty() && arguments[0] == name) return run({arguments.begin() + 1, arguments.end()});
    names.push_back(name);
  }
  const std::string explanation = fmt::format("{}\n\nrunner {} SUBCOMMAND --help describes one of them.",
                                              command.explanation, command.name);
  const auto values =
      parse(arguments,
            {.usage = command.usage, .explanation = explanation, .options = {}, .takes_arguments = true});
  if (!values) return kAllDone;
  if (values->arguments().empty())
    throw Error(fmt::format("runner {} needs a subcommand: {}", command.name, fmt::join(names, ", ")));
  throw Error(fmt::format("runner {} {}: no such subcommand; known: {}", command.name,
                          values->arguments().front(), fmt::join(names, ", ")));
}

Protocol protocol_of(const Values& values) {
  std::vector<std::pair<std::string, Protocol>> known;
  for (const Protocol protocol : kProtocols) known.emplace_back(to_string(protocol), protocol);
  return values.one_of("protocol", known);
}

int64_t count_cores() {
  return std::max<int64_t>(1, std::thread::hardware_concurrency());
}

}  // namespace promptbed
