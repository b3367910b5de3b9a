#pragma once

#include <boost/program_options.hpp>
#include <filesystem>
#include <optional>
#include <string>
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

/// "coop,cocoop" -> {"coop", "cocoop"}. Throws Error for an empty list or item.
std::vector<std::string> split_list(const std::string& option, const std::string& text);

/// The same for whole numbers.
std::vector<int64_t> split_numbers(const std::string& option, const std::string& text);

/// The folder that holds the suites: $PROMPTBED_DATASETS, or the one that belongs to the program. Throws
/// Error where there is none.
std::filesystem::path suites_folder();

}  // namespace promptbed
