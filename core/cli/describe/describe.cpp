#include "cli/describe/describe.h"

#include <algorithm>
#include <ranges>
#include <sstream>

#include "cli/describe/options_of.h"

namespace promptbed {

std::vector<std::string> path_of(const Subcommand& subcommand) {
  std::istringstream words(subcommand.usage);
  std::string word;
  words >> word;  // runner
  std::vector<std::string> path;
  while (words >> word) {
    const bool is_name =
        std::ranges::all_of(word, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; }) &&
        word[0] != '-';
    if (!is_name) break;
    path.push_back(word);
  }
  return path;
}

std::string joined_path(const Subcommand& subcommand) {
  return fmt::format("{}", fmt::join(path_of(subcommand), " "));
}

std::vector<const CommandOption*> options_of(const Subcommand& subcommand) {
  std::vector<const CommandOption*> options;
  for (const OptionGroup& group : subcommand.options) {
    for (const CommandOption& option : group.options) options.push_back(&option);
  }
  return options;
}

bool takes_path(const CommandOption& option) {
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"FILE", "FOLDER", "PATH", "LEDGER"},
      [&](std::string_view kind) { return option.value.find(kind) != std::string::npos; });
}

std::vector<WordAfter> words_after(const std::vector<Subcommand>& subcommands,
                                   const std::vector<std::string>& path) {
  std::vector<WordAfter> words;
  for (const Subcommand& subcommand : subcommands) {
    const std::vector<std::string> own = path_of(subcommand);
    const bool follows = own.size() == path.size() + 1 && std::equal(path.begin(), path.end(), own.begin());
    if (follows) words.push_back({own.back(), first_sentence(subcommand.explanation)});
  }
  return words;
}

std::string case_patterns(const std::vector<Subcommand>& subcommands) {
  std::vector<std::string> all;
  for (const Subcommand& subcommand : subcommands)
    all.push_back(
        fmt::format("\"{}{}\"", path_of(subcommand).size() == 1 ? " " : "", joined_path(subcommand)));
  return fmt::format("      {}", fmt::join(all, " | "));
}

std::string first_sentence(const std::string& explanation) {
  std::string sentence = explanation.substr(0, explanation.find("\n\n"));
  std::ranges::replace(sentence, '\n', ' ');
  for (const char* end : {". ", ": ", "; "}) sentence = sentence.substr(0, sentence.find(end));
  if (sentence.ends_with('.')) sentence.pop_back();
  return sentence;
}

}  // namespace promptbed
