#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"

/// What the program says of itself, for man pages and shells: made of the tables that it reads its options
/// with, so that it cannot say anything else.
namespace promptbed {

/// A command as `runner --help` lists it.
struct CommandSummary {
  std::string_view name;
  std::string_view summary;
  int (*run)(const Arguments& arguments);
};

/// All of them, in the order of the help.
std::span<const CommandSummary> commands();

/// The subcommands that a call would read arguments for: while it runs, parse() and run_subcommand() keep
/// what they are given and read nothing. Of a command of several subcommands all of these, after itself.
std::vector<Subcommand> described_by(const std::function<void()>& call);

/// The words by which a subcommand is called, after `runner`: {"runs", "list"}.
std::vector<std::string> path_of(const Subcommand& subcommand);

/// A completion script, to be sourced or put where the shell looks for them: of commands, subcommands and
/// options, and of files where an option takes one.
std::string bash_completion(const std::vector<Subcommand>& subcommands);
std::string zsh_completion(const std::vector<Subcommand>& subcommands);
std::string fish_completion(const std::vector<Subcommand>& subcommands);

/// runner(1), in the macros of man(7).
std::string man_page(const std::vector<Subcommand>& subcommands);

/// `runner completion`: prints one of the four.
int completion_command(const Arguments& arguments);

}  // namespace promptbed
