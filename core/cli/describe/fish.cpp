#include "cli/describe/options_of.h"

namespace promptbed {
namespace {

constexpr const char* kFishBegin =
    R"(# Completion of runner for fish, made by `runner completion fish` of the program's own options.
function __runner_at
  set -l at ''
  for word in (commandline -opc)[2..]
    switch "$at $word"
      case )";
constexpr const char* kFishEnd = R"(
        set at (string trim "$at $word")
      case '*'
        break
    end
  end
  test "$at" = "$argv[1]"
end
complete -c runner -f
)";

std::string fish_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + "'";
}

/// The words that follow a path, and its options.
std::string lines_of(const Subcommand& subcommand, const std::vector<Subcommand>& subcommands) {
  const std::string at = fmt::format("complete -c runner -n '__runner_at \"{}\"'", joined_path(subcommand));
  const std::vector<WordAfter> words = words_after(subcommands, path_of(subcommand));
  std::string out;
  for (const WordAfter& word : words)
    out += fmt::format("{} -a {} -d {}\n", at, word.word, fish_quoted(word.explanation));
  if (!words.empty()) return out;
  for (const CommandOption* option : options_of(subcommand)) {
    const char* value = option->kind == ValueKind::flag || option->bare ? ""
                        : takes_path(*option)                           ? " -rF"
                                                                        : " -x";
    out +=
        fmt::format("{} -l {}{} -d {}\n", at, option->name, value, fish_quoted(first_sentence(option->help)));
  }
  out += fmt::format("{} -l config -rF -d 'an INI file of these options'\n", at);
  out += fmt::format("{} -l help -d 'print the help'\n", at);
  if (subcommand.takes_arguments) out += at + " -F\n";
  return out;
}

}  // namespace

std::string fish_completion(const std::vector<Subcommand>& subcommands) {
  std::vector<std::string> cases;
  for (const Subcommand& subcommand : subcommands)
    cases.push_back(
        fmt::format("'{}{}'", path_of(subcommand).size() == 1 ? " " : "", joined_path(subcommand)));
  std::string script = kFishBegin + fmt::format("{}", fmt::join(cases, " ")) + kFishEnd;
  script += lines_of({.usage = "runner", .explanation = "", .options = {}}, subcommands);
  for (const Subcommand& subcommand : subcommands) script += lines_of(subcommand, subcommands);
  return script;
}

}  // namespace promptbed
