#pragma once

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/installation.h"

namespace promptbed::test {

/// What a finished program left.
struct Finished {
  int code = 0;
  std::string out, err;
};

inline int64_t count_lines(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

/// Lines on standard error that are no warnings.
inline int64_t count_errors(const std::string& text) {
  std::istringstream lines(text);
  int64_t errors = 0;
  for (std::string line; std::getline(lines, line);) errors += line.starts_with("warning: ") ? 0 : 1;
  return errors;
}

inline std::string quoted(const std::string& word) {
  return fmt::format("'{}'", word);
}

/// Runs the built `runner` in a folder, with environment assignments ("NAME=VALUE") and arguments. Its output
/// goes to `destination`, or is returned.
inline Finished run_runner(const std::filesystem::path& folder, const std::vector<std::string>& environment,
                           const std::vector<std::string>& arguments, const std::string& prefix = "",
                           const std::string& destination = "") {
  std::string command = fmt::format("cd {} && {} env", quoted(folder.string()), prefix);
  for (const std::string& assignment : environment) command.append(" ").append(quoted(assignment));
  command.append(" ").append(quoted((program_folder() / "runner").string()));
  for (const std::string& argument : arguments) command.append(" ").append(quoted(argument));
  const auto out = folder / "stdout.txt", err = folder / "stderr.txt";
  command += destination.empty() ? " > " + quoted(out.string()) : " >" + destination;
  const int status = std::system(fmt::format("{} 2> {}", command, quoted(err.string())).c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          destination.empty() ? read_file(out) : "", read_file(err)};
}

}  // namespace promptbed::test
