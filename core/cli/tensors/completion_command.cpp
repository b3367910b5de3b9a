#include <algorithm>

#include "base/files.h"
#include "cli/describe/describe.h"

namespace promptbed {

int completion_command(const Arguments& arguments) {
  const std::optional<Values> values =
      parse(arguments,
            {.usage = "runner completion SHELL [OPTIONS]",
             .explanation = "Prints a script by which bash, zsh or fish completes commands and options, or\n"
                            "the man page (man). An installation has them where shells and man look.\n\n"
                            "  source <(runner completion bash)\n"
                            "  runner completion fish > ~/.config/fish/completions/runner.fish",
             .options = {{"options", {shared("output", "; default: standard output")}}},
             .takes_arguments = true});
  if (!values) return kAllDone;
  const std::string& shell =
      values->only_argument("completion", "the name of a shell: bash, zsh or fish, or man");
  const std::vector<std::pair<std::string, std::string (*)(const std::vector<Subcommand>&)>> known = {
      {"bash", bash_completion}, {"zsh", zsh_completion}, {"fish", fish_completion}, {"man", man_page}};
  const auto found = std::ranges::find(known, shell, [](const auto& one) { return one.first; });
  if (found == known.end())
    throw Error(fmt::format("runner completion {}: known: bash, zsh, fish, man", shell));
  std::vector<Subcommand> subcommands;
  for (const CommandSummary& command : commands()) {
    for (Subcommand& one : described_by([&] { command.run({}); })) subcommands.push_back(std::move(one));
  }
  const std::string text = found->second(subcommands);
  if (const std::string output = output_file(*values); !output.empty()) {
    write_file(output, text);
  } else {
    fmt::print("{}", text);
  }
  return kAllDone;
}

}  // namespace promptbed
