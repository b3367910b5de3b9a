#pragma once

#include "cli/describe/describe.h"

/// What the scripts and the man page read off subcommands.
namespace promptbed {

/// "runs list"
std::string joined_path(const Subcommand& subcommand);

/// Of all groups.
std::vector<const CommandOption*> options_of(const Subcommand& subcommand);

/// Whether its value is the path of a file or a folder.
bool takes_path(const CommandOption& option);

/// A word that may follow others, and what it does.
struct WordAfter {
  std::string word;
  std::string explanation;
};

/// The subcommands whose path is one word longer.
std::vector<WordAfter> words_after(const std::vector<Subcommand>& subcommands,
                                   const std::vector<std::string>& path);

/// For a shell's `case "$path $word"`: a pattern for each word that leads to a subcommand, behind those
/// before it.
std::string case_patterns(const std::vector<Subcommand>& subcommands);

/// What a subcommand does, in the first sentence or part of a sentence of its explanation, without the full
/// stop.
std::string first_sentence(const std::string& explanation);

}  // namespace promptbed
