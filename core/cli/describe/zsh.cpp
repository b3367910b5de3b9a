#include "cli/describe/options_of.h"

namespace promptbed {
namespace {

constexpr const char* kZshBegin = R"(#compdef runner
# Completion of runner for zsh, made by `runner completion zsh` of the program's own options.
_runner() {
  local at= place
  local -a next
  for ((place = 2; place < CURRENT; ++place)); do
    case "$at ${words[place]}" in
)";
constexpr const char* kZshMiddle = R"() at="${at:+$at }${words[place]}" ;;
      *) break ;;
    esac
  done
  words=("${(@)words[place - 1, -1]}")
  ((CURRENT -= place - 2))
  case $at in
)";
constexpr const char* kZshEnd = R"(  esac
}
_runner "$@"
)";

/// What is inside brackets or between colons of an argument's specification.
std::string zsh_escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("[]:\\").find(c) != std::string_view::npos) out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string zsh_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// "'--db=[ledger of runs and scores]:FILE:_files'", what _arguments takes.
std::string argument_of(const CommandOption& option) {
  const std::string name = fmt::format("{}--{}", option.repeat == Repeat::never ? "" : "*", option.name);
  if (option.kind == ValueKind::flag)
    return zsh_quoted(fmt::format("{}[{}]", name, zsh_escaped(option.help)));
  if (option.bare)
    return zsh_quoted(
        fmt::format("{}=-[{}]::{}: ", name, zsh_escaped(option.help), zsh_escaped(option.value)));
  return zsh_quoted(fmt::format("{}=[{}]:{}:{}", name, zsh_escaped(option.help), zsh_escaped(option.value),
                                takes_path(option) ? "_files" : " "));
}

std::string zsh_branch(const Subcommand& subcommand, const std::vector<Subcommand>& subcommands) {
  const std::vector<WordAfter> words = words_after(subcommands, path_of(subcommand));
  std::string out = fmt::format("    '{}')\n", joined_path(subcommand));
  if (!words.empty()) {
    out += "      next=(\n";
    for (const WordAfter& word : words)
      out += fmt::format("        {}\n", zsh_quoted(word.word + ":" + word.explanation));
    return out + "      )\n      _describe subcommand next ;;\n";
  }
  out += "      _arguments";
  for (const CommandOption* option : options_of(subcommand)) out += " \\\n        " + argument_of(*option);
  out += " \\\n        '--config=[an INI file of these options]:FILE:_files' '--help[print the help]'";
  if (subcommand.takes_arguments) out += " \\\n        '*:argument:_files'";
  return out + " ;;\n";
}

}  // namespace

std::string zsh_completion(const std::vector<Subcommand>& subcommands) {
  std::string script = kZshBegin + case_patterns(subcommands) + kZshMiddle;
  script += zsh_branch({.usage = "runner", .explanation = "", .options = {}}, subcommands);
  for (const Subcommand& subcommand : subcommands) script += zsh_branch(subcommand, subcommands);
  return script + kZshEnd;
}

}  // namespace promptbed
