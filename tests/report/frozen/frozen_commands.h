#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "base/files.h"

/// What commands.txt lists and outputs/ holds (README.md).
namespace promptbed::test {

inline const std::filesystem::path kFrozen =
    std::filesystem::path(PROMPTBED_SOURCE_DIR) / "tests/report/frozen";

/// Arguments of `runner` by the name of what it prints for them.
inline std::map<std::string, std::vector<std::string>> frozen_commands() {
  std::map<std::string, std::vector<std::string>> commands;
  std::istringstream lines(read_file(kFrozen / "commands.txt"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    std::string output;
    words >> output;
    for (std::string word; words >> word;) commands[output].push_back(word);
  }
  return commands;
}

/// A page without what changes with the source or the day.
inline std::string without_passing_things(std::string page) {
  for (const std::string tag : {"style", "script"}) {
    const size_t begin = page.find("<" + tag + ">"), end = page.find("</" + tag + ">");
    if (begin != std::string::npos) page.erase(begin + tag.size() + 2, end - begin - tag.size() - 2);
  }
  static const std::regex made("Made by promptbed .*? from (.*?) on \\d{4}-\\d\\d-\\d\\d\\.");
  return std::regex_replace(page, made, "Made by promptbed VERSION from $1 on DATE.");
}

/// Puts the ledger where the commands expect it, and returns its path.
inline std::filesystem::path put_ledger(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder / "runs");
  std::filesystem::copy_file(kFrozen / "ledger.db", folder / "runs/promptbed.db");
  return folder / "runs/promptbed.db";
}

}  // namespace promptbed::test
