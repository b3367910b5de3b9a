#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>
#include <promptbed/protocol.h>

#include <boost/program_options.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"

namespace promptbed {

namespace options = boost::program_options;

/// What a command's help says beside its options.
struct Usage {
  std::string line;         ///< "runner sweep --methods M,... [OPTIONS]"
  std::string explanation;  ///< a paragraph, and examples
};

/// The values of a command's options, from its words and the INI file that --config names; words win. Prints
/// the help and returns nothing where it was asked for. Throws Error for an unknown option (listing the known
/// ones), a missing value and a value of another type. Words without an option are collected under "words"
/// where `takes_words`.
std::optional<options::variables_map> parse_arguments(const Arguments& arguments,
                                                      options::options_description described,
                                                      const Usage& usage, bool takes_words = false);

/// A word of a command, such as `list` of `runner runs list`, and what does it.
using CommandWord = std::pair<const char*, int (*)(const Arguments& arguments)>;

/// Does what the first of the arguments names, with the others, or prints the help where it was asked for.
/// Throws Error, listing the words, where it names nothing.
int run_word(const std::string& command, const Arguments& arguments, const Usage& usage,
             const std::vector<CommandWord>& words);

/// What stands without an option, of a command that takes words.
Arguments words_of(const options::variables_map& values);

/// The only one of them. Throws Error, saying what the command needs ("a trained prompt"), where there is
/// none or more.
std::string only_word(const options::variables_map& values, const std::string& command,
                      const std::string& what);

/// "coop,cocoop" -> {"coop", "cocoop"}. Throws Error for an empty list or item.
std::vector<std::string> split_list(const std::string& option, const std::string& text);

/// The same for whole numbers.
std::vector<int64_t> split_numbers(const std::string& option, const std::string& text);

/// The value of an option that has to be 1 to `most`; `otherwise` where it is not given. Throws Error.
int64_t positive(const options::variables_map& values, const std::string& name, int64_t otherwise,
                 int64_t most);

/// What one of the known words stands for. Throws Error for another, listing them.
template <class Value>
Value one_of(const std::string& option, const std::string& text,
             const std::vector<std::pair<std::string, Value>>& known) {
  std::vector<std::string> names;
  for (const auto& [name, value] : known) {
    if (name == text) return value;
    names.push_back(name);
  }
  throw Error(fmt::format("{} {}: known: {}", option, text, fmt::join(names, ", ")));
}

/// Whether --format, of text and json, asks for json. Throws Error for another word.
bool wants_json(const options::variables_map& values);

/// The protocol that --protocol names. Throws Error for another word, listing the known ones.
Protocol parse_protocol(const std::string& word);

/// Cores of this machine, the default of --threads.
int64_t count_cores();

/// What --threads may be at most.
inline constexpr int64_t kMostThreads = 1024;

}  // namespace promptbed
