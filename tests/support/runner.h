#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
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

inline std::string quoted(const std::string& word) {
  return "'" + word + "'";
}

/// Runs the built `runner` in a folder, with environment assignments ("NAME=VALUE") and arguments.
inline Finished run_runner(const std::filesystem::path& folder, const std::vector<std::string>& environment,
                           const std::vector<std::string>& arguments, const std::string& prefix = "") {
  std::string command = "cd " + quoted(folder.string()) + " && " + prefix + " env";
  for (const std::string& assignment : environment) command += " " + quoted(assignment);
  command += " " + quoted((program_folder() / "runner").string());
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  const auto out = folder / "stdout.txt", err = folder / "stderr.txt";
  const int status =
      std::system((command + " > " + quoted(out.string()) + " 2> " + quoted(err.string())).c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(out), read_file(err)};
}

}  // namespace promptbed::test
