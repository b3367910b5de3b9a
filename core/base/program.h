#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace promptbed {

/// What a program that has ended left behind.
struct ProgramEnd {
  std::string fault;   ///< "exit code 1" or "signal 11 (Segmentation fault)"; "" where it went well
  std::string output;  ///< its standard output, of any bytes
  std::string errors;  ///< its standard error
};

/// Runs the program `words[0]`, looked for in PATH, with the arguments that follow, and waits for its end. No
/// shell reads the words. Throws Error where there is no such program, or where it cannot be started.
ProgramEnd run_program(const std::vector<std::string>& words, std::string_view input);

/// Whether PATH has such a program.
bool has_program(const std::string& name);

}  // namespace promptbed
