#include "cli/arguments.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

namespace promptbed {
namespace {

std::string known_options(const options::options_description& described) {
  std::vector<std::string> names;
  for (const auto& option : described.options()) {
    if (option->long_name() != "words" && !option->description().empty())
      names.push_back("--" + option->long_name());
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

/// Boost's message, one line, and what to do about it.
Error explained(const options::error& fault, const options::options_description& described) {
  if (dynamic_cast<const options::unknown_option*>(&fault) != nullptr) {
    return Error(fmt::format("{}; known: {}", fault.what(), known_options(described)));
  }
  return Error(fmt::format("{}; see --help", fault.what()));
}

void read_config(const std::string& path, const options::options_description& described,
                 options::variables_map& values) {
  std::ifstream in(path);
  if (!in) throw Error(fmt::format("--config {}: cannot be read; check the path", path));
  try {
    options::store(options::parse_config_file(in, described), values);
  } catch (const options::error& fault) {
    throw Error(fmt::format("--config {}: {}", path, explained(fault, described).what()));
  }
}

}  // namespace

std::optional<options::variables_map> parse_arguments(const Arguments& arguments,
                                                      options::options_description described,
                                                      const Usage& usage, bool takes_words) {
  auto add = described.add_options();
  add("config", options::value<std::string>()->value_name("FILE"), "an INI file of these options");
  add("help,h", "show this help");
  options::options_description all;
  all.add(described);
  options::positional_options_description positions;
  if (takes_words) {
    all.add_options()("words", options::value<std::vector<std::string>>());
    positions.add("words", -1);
  }
  options::variables_map values;
  try {
    // A number may be negative, and no option is abbreviated: what a script says today must not change its
    // meaning later.
    using namespace options::command_line_style;
    const auto style = (unix_style & ~allow_guessing) | allow_long;
    options::store(
        options::command_line_parser(arguments).options(all).positional(positions).style(style).run(),
        values);
    if (values.count("help") > 0) {
      std::cout << "usage: " << usage.line << "\n\n" << usage.explanation << "\n\n" << described;
      return std::nullopt;
    }
    if (values.count("config") > 0) read_config(values["config"].as<std::string>(), described, values);
    options::notify(values);
  } catch (const options::error& fault) {
    throw explained(fault, described);
  }
  return values;
}

int run_word(const std::string& command, const Arguments& arguments, const Usage& usage,
             const std::vector<CommandWord>& words) {
  std::string names;
  for (const auto& [name, run] : words) {
    if (!arguments.empty() && arguments[0] == name) return run({arguments.begin() + 1, arguments.end()});
    const bool is_last = std::string_view(name) == words.back().first;
    names += fmt::format("{}{}", names.empty() ? "" : is_last ? " or " : ", ", name);
  }
  if (!parse_arguments(arguments, options::options_description("options", 110, 60), usage,
                       /*takes_words=*/true))
    return kAllDone;
  throw Error(fmt::format("runner {} needs a word: {}", command, names));
}

Arguments words_of(const options::variables_map& values) {
  return values.count("words") > 0 ? values["words"].as<Arguments>() : Arguments();
}

std::string only_word(const options::variables_map& values, const std::string& command,
                      const std::string& what) {
  const Arguments words = words_of(values);
  if (words.size() == 1) return words[0];
  throw Error(words.empty() ? fmt::format("runner {} needs {}", command, what)
                            : fmt::format("runner {} takes {}, and not also {}", command, what, words[1]));
}

std::vector<std::string> split_list(const std::string& option, const std::string& text) {
  std::vector<std::string> items;
  std::istringstream in(text);
  for (std::string item; std::getline(in, item, ',');) items.push_back(item);
  if (text.ends_with(',')) items.emplace_back();
  for (const std::string& item : items) {
    if (item.empty()) throw Error(fmt::format("{} {}: an item of the list is empty", option, text));
    if (std::count(items.begin(), items.end(), item) > 1) {
      throw Error(fmt::format("{} {}: {} is there twice; leave one out", option, text, item));
    }
  }
  if (items.empty()) throw Error(fmt::format("{} is empty; give one or more, with commas between", option));
  return items;
}

std::vector<int64_t> split_numbers(const std::string& option, const std::string& text) {
  std::vector<int64_t> numbers;
  for (const std::string& item : split_list(option, text)) {
    int64_t number = 0;
    const auto [end, fault] = std::from_chars(item.data(), item.data() + item.size(), number);
    if (fault != std::errc() || end != item.data() + item.size()) {
      throw Error(fmt::format("{} {}: \"{}\" is not a whole number", option, text, item));
    }
    numbers.push_back(number);
  }
  return numbers;
}

int64_t positive(const options::variables_map& values, const std::string& name, int64_t otherwise,
                 int64_t most) {
  if (values.count(name) == 0) return otherwise;
  const auto value = values[name].as<int64_t>();
  if (value < 1 || value > most) throw Error(fmt::format("--{} {}: give 1 to {}", name, value, most));
  return value;
}

bool wants_json(const options::variables_map& values) {
  return one_of<bool>("--format", values["format"].as<std::string>(), {{"text", false}, {"json", true}});
}

int64_t count_cores() {
  return std::max<int64_t>(1, std::thread::hardware_concurrency());
}

Protocol parse_protocol(const std::string& word) {
  std::vector<std::pair<std::string, Protocol>> known;
  for (const Protocol protocol : kProtocols) known.emplace_back(to_string(protocol), protocol);
  return one_of("--protocol", word, known);
}

}  // namespace promptbed
