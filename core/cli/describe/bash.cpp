#include "cli/describe/options_of.h"

namespace promptbed {
namespace {

constexpr const char* kBashBegin =
    R"(# Completion of runner for bash, made by `runner completion bash` of the program's own options.
_runner() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local path= words= values= paths= arguments= files= place
  for ((place = 1; place < COMP_CWORD; ++place)); do
    case "$path ${COMP_WORDS[place]}" in
)";
constexpr const char* kBashMiddle = R"() path="${path:+$path }${COMP_WORDS[place]}" ;;
      *) break ;;
    esac
  done
  case $path in
)";
constexpr const char* kBashEnd = R"(  esac
  COMPREPLY=()
  case " $paths " in *" $before "*) files=yes ;; esac
  case " $values " in *" $before "*) return ;; esac
  if [[ $current != -* && -n $arguments ]]; then files=yes; fi
  if [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}
complete -F _runner runner
)";

std::string names_where(const Subcommand& subcommand, bool (*takes)(const CommandOption& option)) {
  std::vector<std::string> names;
  for (const CommandOption* option : options_of(subcommand)) {
    if (takes(*option)) names.push_back("--" + option->name);
  }
  return fmt::format("{}", fmt::join(names, " "));
}

/// The words, and which options take a path or another value, where `path` has been typed.
std::string bash_branch(const Subcommand& subcommand, const std::vector<Subcommand>& subcommands) {
  std::vector<std::string> words;
  for (const WordAfter& word : words_after(subcommands, path_of(subcommand))) words.push_back(word.word);
  const std::string options = names_where(subcommand, [](const CommandOption&) { return true; });
  const std::string config = path_of(subcommand).empty() || !words.empty() ? "" : " --config";
  return fmt::format(
      "    '{}')\n      words='{}{}{}{} --help'\n      paths='{}{}'\n      values='{}'\n      arguments={} "
      ";;\n",
      joined_path(subcommand), fmt::join(words, " "), words.empty() || options.empty() ? "" : " ", options,
      config, names_where(subcommand, takes_path), config,
      names_where(subcommand,
                  [](const CommandOption& option) {
                    return option.kind != ValueKind::flag && !option.bare && !takes_path(option);
                  }),
      subcommand.takes_arguments && words.empty() ? "yes" : "");
}

}  // namespace

std::string bash_completion(const std::vector<Subcommand>& subcommands) {
  std::string script = kBashBegin + case_patterns(subcommands) + kBashMiddle;
  script += bash_branch({.usage = "runner", .explanation = "", .options = {}}, subcommands);
  for (const Subcommand& subcommand : subcommands) script += bash_branch(subcommand, subcommands);
  return script + kBashEnd;
}

}  // namespace promptbed
