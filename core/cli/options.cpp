#include "cli/options.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <set>
#include <sstream>

#include "base/input_file.h"

namespace promptbed {
namespace {

namespace po = boost::program_options;

constexpr unsigned kLineWidth = 110, kDescriptionWidth = 60;
constexpr const char* kArguments =
    "\n";  // Boost's name for the words that belong to no option: one that cannot be typed

po::options_description boost_group(const OptionGroup& group) {
  po::options_description described(group.heading, kLineWidth, kDescriptionWidth);
  for (const CommandOption& option : group.options) {
    const std::string help =
        option.environment.empty() ? option.help : fmt::format("{} [${}]", option.help, option.environment);
    if (option.kind == ValueKind::flag) {
      described.add_options()(option.name.c_str(), po::bool_switch(), help.c_str());
      continue;
    }
    auto* value = po::value<std::vector<std::string>>()->value_name(option.value);
    if (option.otherwise) value->default_value({*option.otherwise}, *option.otherwise);
    described.add_options()(option.name.c_str(), value, help.c_str());
  }
  return described;
}

po::options_description boost_options(const Subcommand& subcommand) {
  po::options_description described(kLineWidth, kDescriptionWidth);
  for (const OptionGroup& group : subcommand.options) described.add(boost_group(group));
  return described;
}

/// Boost's message in one line, and the remedy.
Error explained(const po::error& fault, const Subcommand& subcommand) {
  if (dynamic_cast<const po::too_many_positional_options_error*>(&fault) != nullptr)
    return Error(fmt::format("takes no arguments but options; see {} --help",
                             subcommand.usage.substr(0, subcommand.usage.find(" -"))));
  if (const auto* line = dynamic_cast<const po::invalid_config_file_syntax*>(&fault))
    return Error(fmt::format("the line '{}' is not OPTION = VALUE; write it so, such as dry-run = true",
                             line->tokens()));
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

/// The values that one place gives: the command line, the environment or a file.
struct Given {
  Origin origin;
  std::string source;  ///< in front of what is wrong there: "sweep.ini: "
  std::map<std::string, std::vector<std::string>> texts = {};

  void add(const po::parsed_options& parsed) {
    for (const po::option& option : parsed.options) {
      std::vector<std::string>& held = texts[option.string_key];
      held.insert(held.end(), option.value.begin(), option.value.end());
      // A flag that is typed has no value, and may be typed twice.
      if (held.empty()) held.emplace_back("true");
    }
  }
};

Given read_command_line(const Arguments& arguments, const Subcommand& subcommand) {
  po::options_description all = boost_options(subcommand);
  all.add_options()("config", po::value<std::string>())("help,h", "");
  po::positional_options_description positions;
  if (subcommand.takes_arguments) {
    all.add_options()(kArguments, po::value<std::vector<std::string>>());
    positions.add(kArguments, -1);
  }
  // A number may be negative, and no option may be abbreviated: a script must not change its meaning when an
  // option is added.
  using namespace po::command_line_style;
  const auto style = (unix_style & ~allow_guessing) | allow_long;
  Given given = {Origin::command_line, ""};
  try {
    given.add(po::command_line_parser(arguments).options(all).positional(positions).style(style).run());
  } catch (const po::error& fault) {
    throw explained(fault, subcommand);
  }
  return given;
}

Given read_environment(const Subcommand& subcommand) {
  Given given = {Origin::environment, ""};
  for (const OptionGroup& group : subcommand.options) {
    for (const CommandOption& option : group.options) {
      const char* text = option.environment.empty() ? nullptr : std::getenv(option.environment.c_str());
      if (text != nullptr && *text != '\0') given.texts[option.name] = {text};
    }
  }
  return given;
}

Given read_config(const std::string& path, const Subcommand& subcommand) {
  std::istringstream in(read_given_text(path));
  Given given = {Origin::file, fmt::format("{}: ", path)};
  try {
    given.add(po::parse_config_file(in, boost_options(subcommand)));
  } catch (const po::error& fault) {
    throw Error(fmt::format("--config {}: {}", path, explained(fault, subcommand).what()));
  }
  return given;
}

template <class Number>
std::optional<Number> number_from(const std::string& text) {
  Number number{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// "" is a flag that an INI file names without a value.
std::optional<bool> flag_from(const std::string& text) {
  if (text.empty() || text == "true" || text == "yes" || text == "on" || text == "1") return true;
  if (text == "false" || text == "no" || text == "off" || text == "0") return false;
  return std::nullopt;
}

/// Why a text is no value of such an option; "" if it is one.
std::string reason_against(const CommandOption& option, const std::string& text) {
  if (option.kind == ValueKind::flag)
    return flag_from(text) ? "" : "is neither true nor false; give one of them";
  if (option.kind == ValueKind::number)
    return number_from<int64_t>(text) ? "" : "is not a whole number; give one, such as 16";
  if (option.kind != ValueKind::real) return "";
  const auto number = number_from<double>(text);
  if (!number) return "is not a number; give one, such as 0.002";
  return std::isfinite(*number) ? "" : "is not a finite number; give one, such as 0.002";
}

/// What two texts of an option must differ in.
std::string key_of(const CommandOption& option, const std::string& text) {
  return option.repeat == Repeat::by_key ? text.substr(0, text.find('=')) : text;
}

/// Throws Error for values that the option cannot have; they are found here, before any work.
void check(const CommandOption& option, const std::vector<std::string>& texts, const std::string& source) {
  const auto refuse = [&](const std::string& what) {
    throw Error(fmt::format("{}--{}{}", source, option.name, what));
  };
  if (texts.size() > 1 && option.repeat == Repeat::never)
    refuse(fmt::format(": is given {} times; give it once", texts.size()));
  std::set<std::string> keys;
  for (const std::string& text : texts) {
    if (text.empty() && option.kind != ValueKind::flag)
      refuse(": has an empty value; give one, or leave the option out");
    if (const std::string reason = reason_against(option, text); !reason.empty())
      refuse(fmt::format(" {}: {}", text, reason));
    if (const std::string key = key_of(option, text); !keys.insert(key).second)
      refuse(fmt::format(" {}: is given twice; give it once", key));
  }
}

/// What `places`, the winning one first, give for an option: all of the first that has it, and of the others
/// what it may be repeated with.
Values::Entry gathered(const CommandOption& option, const std::vector<Given>& places) {
  Values::Entry entry;
  std::set<std::string> keys;
  for (const Given& place : places) {
    const auto found = place.texts.find(option.name);
    if (found == place.texts.end()) continue;
    const std::string source = place.origin == Origin::environment ? option.environment + ": " : place.source;
    check(option, found->second, source);
    if (entry.origin == Origin::otherwise) {
      entry.origin = place.origin;
      entry.source = source;
    } else if (option.repeat == Repeat::never) {
      continue;
    }
    for (const std::string& text : found->second) {
      if (keys.insert(key_of(option, text)).second) entry.texts.push_back(text);
    }
  }
  return entry;
}

void print_help(const Subcommand& subcommand) {
  po::options_description described = boost_options(subcommand);
  po::options_description general("general", kLineWidth, kDescriptionWidth);
  general.add_options()("config", po::value<std::string>()->value_name("FILE"),
                        "an INI file of these options")("help,h", "print this help");
  described.add(general);
  std::cout << "usage: " << subcommand.usage << "\n\n" << subcommand.explanation << '\n' << described;
}

}  // namespace

bool Values::given(std::string_view name) const {
  const auto found = entries_.find(name);
  return found != entries_.end() && found->second.origin != Origin::otherwise;
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
    if (item.empty()) throw fault(name, "has an empty item; separate items by one comma");
    if (std::ranges::count(items, item) > 1)
      throw fault(name, fmt::format("names {} twice; leave one out", item));
  }
  return items;
}

std::vector<int64_t> Values::numbers(std::string_view name) const {
  std::vector<int64_t> numbers;
  for (const std::string& item : items(name)) {
    const auto number = number_from<int64_t>(item);
    if (!number) throw fault(name, fmt::format("{} is not a whole number; give some, such as 1,2,3", item));
    numbers.push_back(*number);
  }
  return numbers;
}

std::optional<int64_t> Values::number(std::string_view name) const {
  return number_from<int64_t>(text(name));
}

std::optional<double> Values::real(std::string_view name) const {
  return number_from<double>(text(name));
}

bool Values::flag(std::string_view name) const {
  const auto found = entries_.find(name);
  return found != entries_.end() && flag_from(found->second.texts.front()).value();
}

int64_t Values::positive(std::string_view name, int64_t otherwise, int64_t most) const {
  const int64_t value = number(name).value_or(otherwise);
  if (value < 1 || value > most) throw fault(name, fmt::format("give 1 to {}", most));
  return value;
}

Error Values::fault(std::string_view name, std::string_view what) const {
  const auto found = entries_.find(name);
  const std::string source = found == entries_.end() ? "" : found->second.source;
  return Error(fmt::format("{}--{} {}: {}", source, name, text(name), what));
}

const std::string& Values::only_argument(const std::string& subcommand, const std::string& what) const {
  if (arguments_.size() == 1) return arguments_.front();
  throw Error(arguments_.empty()
                  ? fmt::format("runner {} needs {}", subcommand, what)
                  : fmt::format("runner {} takes {}, and not also {}", subcommand, what, arguments_[1]));
}

std::optional<Values> parse(const Arguments& arguments, const Subcommand& subcommand) {
  const Given typed = read_command_line(arguments, subcommand);
  if (typed.texts.contains("help")) {
    print_help(subcommand);
    return std::nullopt;
  }
  std::vector<Given> places = {typed, read_environment(subcommand)};
  if (const auto config = typed.texts.find("config"); config != typed.texts.end()) {
    if (config->second.size() > 1)
      throw Error(fmt::format("--config: is given {} times; give it once", config->second.size()));
    places.push_back(read_config(config->second.front(), subcommand));
  }

  Values values;
  for (const OptionGroup& group : subcommand.options) {
    for (const CommandOption& option : group.options) {
      Values::Entry entry = gathered(option, places);
      if (entry.texts.empty()) {
        if (option.required) throw Error(fmt::format("--{}: is missing; see --help", option.name));
        if (!option.otherwise) continue;
        entry.texts = {*option.otherwise};
      }
      values.entries_[option.name] = std::move(entry);
    }
  }
  if (const auto words = typed.texts.find(kArguments); words != typed.texts.end())
    values.arguments_ = words->second;
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

}  // namespace promptbed
