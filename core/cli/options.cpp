#include "cli/options.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <set>

#include "cli/describe/describe.h"
#include "cli/given.h"

namespace promptbed {
namespace {

namespace po = boost::program_options;

/// Where descriptions are kept while described_by() runs.
std::vector<Subcommand>* descriptions = nullptr;

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
    if (option.bare) value->implicit_value({*option.bare}, *option.bare);
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
  const auto* unknown = dynamic_cast<const po::unknown_option*>(&fault);
  if (unknown == nullptr) return Error(fmt::format("{}; see --help", fault.what()));
  std::string name = unknown->get_option_name();
  name.erase(0, std::min(name.find_first_not_of('-'), name.size()));
  return unknown_option(subcommand, name);
}

Given read_command_line(const Arguments& arguments, const Subcommand& subcommand) {
  po::options_description all = boost_options(subcommand);
  all.add_options()("config", po::value<std::string>())("help,h", "");
  all.add_options()(kArguments, po::value<std::vector<std::string>>());
  po::positional_options_description positions;
  positions.add(kArguments, -1);
  // A number may be negative, and no option may be abbreviated: a script must not change its meaning when an
  // option is added.
  using namespace po::command_line_style;
  const auto style = (unix_style & ~allow_guessing) | allow_long;
  Given given{{Origin::command_line, "command line"}};
  try {
    const auto parsed =
        po::command_line_parser(arguments).options(all).positional(positions).style(style).run();
    for (const po::option& option : parsed.options) {
      std::vector<std::string>& held = given.texts[option.string_key];
      held.insert(held.end(), option.value.begin(), option.value.end());
      if (held.empty()) held.emplace_back();  // a flag, which may be typed twice
    }
  } catch (const po::error& fault) {
    throw explained(fault, subcommand);
  }
  return given;
}

/// What the environment gives, a place for each variable.
std::vector<Given> read_environment(const Subcommand& subcommand) {
  std::vector<Given> places;
  for (const OptionGroup& group : subcommand.options) {
    for (const CommandOption& option : group.options) {
      const char* text = option.environment.empty() ? nullptr : std::getenv(option.environment.c_str());
      if (text == nullptr || *text == '\0') continue;
      Given& given = places.emplace_back(Given{{Origin::environment, option.environment}});
      given.texts[option.name] = {text};
    }
  }
  return places;
}

/// Says that a word belongs to no option: one too many, or the rest of a list with a blank in it.
Error superfluous(const std::string& word, const Subcommand& subcommand) {
  return Error(fmt::format(
      "runner {} '{}': belongs to no option; leave it out, or join a list by commas without blanks",
      command_of(subcommand), word));
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
void check(const CommandOption& option, const std::vector<std::string>& texts, const Place& place) {
  const auto refuse = [&](const std::string& what) {
    throw Error(fmt::format("{}--{}{}", place.prefix(), option.name, what));
  };
  if (texts.size() > 1 && option.repeat == Repeat::never)
    refuse(fmt::format(": is given {} times; give it once", texts.size()));
  std::set<std::string> keys;
  for (const std::string& text : texts) {
    if (text.empty() && option.kind != ValueKind::flag && !option.bare)
      refuse(": has an empty value; give one, or leave the option out");
    if (const std::string reason = reason_against(option, text); !reason.empty())
      refuse(fmt::format(" {}: {}", text, reason));
    if (const std::string key = key_of(option, text); !keys.insert(key).second)
      refuse(fmt::format(" {}: is given twice; give it once", key));
  }
}

/// A flag that was named without a value is "true"; another option then has the value that it has when bare,
/// as for "true", and "no" for "false".
std::string spelt_out(const CommandOption& option, const std::string& text) {
  if (!option.bare) return text.empty() ? "true" : text;
  const std::optional<bool> flag = flag_from(text);
  if (!flag) return text;
  return *flag ? *option.bare : "no";
}

/// What `places`, the winning one first, give for an option: all of the first that has it, and of the others
/// what it may be repeated with.
std::vector<Values::Entry> gathered(const CommandOption& option, const std::vector<Given>& places) {
  std::vector<Values::Entry> entries;
  std::set<std::string> keys;
  for (const Given& given : places) {
    const auto found = given.texts.find(option.name);
    if (found == given.texts.end()) continue;
    check(option, found->second, given.place);
    if (!entries.empty() && option.repeat == Repeat::never) continue;
    for (const std::string& text : found->second) {
      if (keys.insert(key_of(option, text)).second) entries.push_back({spelt_out(option, text), given.place});
    }
  }
  return entries;
}

void print_help(const Subcommand& subcommand) {
  po::options_description described = boost_options(subcommand);
  po::options_description general("general", kLineWidth, kDescriptionWidth);
  general.add_options()("config", po::value<std::string>()->value_name("FILE"),
                        "an INI file of options (docs/command-line.md)")("help,h", "print this help");
  described.add(general);
  std::cout << "usage: " << subcommand.usage << "\n\n" << subcommand.explanation << '\n' << described;
}

}  // namespace

const CommandOption* find_option(const Subcommand& subcommand, std::string_view name) {
  for (const OptionGroup& group : subcommand.options) {
    const auto found = std::ranges::find(group.options, name, &CommandOption::name);
    if (found != group.options.end()) return &*found;
  }
  return nullptr;
}

Error unknown_option(const Subcommand& subcommand, const std::string& name) {
  if (const auto retired = subcommand.retired.find(name); retired != subcommand.retired.end())
    return Error(fmt::format("--{}: is now {}", name, retired->second));
  std::vector<std::string> known;
  for (const OptionGroup& group : subcommand.options) {
    for (const CommandOption& option : group.options) known.push_back(option.name);
  }
  if (known.empty()) return Error(fmt::format("option --{}: goes behind the subcommand; see --help", name));
  const std::string near = did_you_mean(name, known, "--");
  return Error(fmt::format("unknown option --{}; {}", name,
                           near.empty() ? fmt::format("known: --{}", fmt::join(known, ", --")) : near));
}

std::string command_of(const Subcommand& subcommand) {
  const std::vector<std::string> path = path_of(subcommand);
  return path.empty() ? "" : path.front();
}

std::optional<bool> flag_from(std::string_view text) {
  if (text.empty() || text == "true" || text == "yes" || text == "on" || text == "1") return true;
  if (text == "false" || text == "no" || text == "off" || text == "0") return false;
  return std::nullopt;
}

std::vector<Subcommand> described_by(const std::function<void()>& call) {
  std::vector<Subcommand> kept;
  descriptions = &kept;
  try {
    call();
  } catch (...) {
    descriptions = nullptr;
    throw;
  }
  descriptions = nullptr;
  return kept;
}

void describe(const Subcommand& subcommand) {
  if (descriptions != nullptr) descriptions->push_back(subcommand);
}

std::optional<Values> parse(const Arguments& arguments, const Subcommand& subcommand) {
  if (descriptions != nullptr) {
    describe(subcommand);
    return std::nullopt;
  }
  const Given typed = read_command_line(arguments, subcommand);
  if (typed.texts.contains("help")) {
    print_help(subcommand);
    return std::nullopt;
  }
  std::vector<Given> places = {typed};
  std::ranges::move(read_environment(subcommand), std::back_inserter(places));
  if (const auto config = typed.texts.find("config"); config != typed.texts.end()) {
    if (config->second.size() > 1)
      throw Error(fmt::format("--config: is given {} times; give it once", config->second.size()));
    if (config->second.front().empty())
      throw Error("--config: has an empty value; give the path of a file, or leave the option out");
    std::ranges::move(read_config(config->second.front(), subcommand), std::back_inserter(places));
  }

  Values values;
  if (const auto words = typed.texts.find(kArguments); words != typed.texts.end()) {
    values.arguments_ = words->second;
    if (!subcommand.takes_arguments) throw superfluous(values.arguments_.front(), subcommand);
  }
  for (const OptionGroup& group : subcommand.options) {
    for (const CommandOption& option : group.options) {
      std::vector<Values::Entry> entries = gathered(option, places);
      if (entries.empty() && option.required)
        throw Error(fmt::format("--{}: is missing; see --help", option.name));
      if (entries.empty() && option.otherwise) entries = {{*option.otherwise, Place()}};
      values.entries_.emplace_back(option.name, std::move(entries));
    }
  }
  return values;
}

int run_subcommand(const Subcommands& command, const Arguments& arguments,
                   const std::vector<std::pair<std::string, int (*)(const Arguments&)>>& known) {
  if (descriptions != nullptr) {
    descriptions->push_back({.usage = command.usage, .explanation = command.explanation, .options = {}});
    for (const auto& [name, run] : known) run({});
    return kAllDone;
  }
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
  const std::string& unknown = values->arguments().front();
  throw Error(
      fmt::format("runner {} {}: no such subcommand; {}", command.name, unknown, remedy_for(unknown, names)));
}

}  // namespace promptbed
