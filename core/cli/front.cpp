#include <fmt/format.h>
#include <promptbed/error.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/blas.h"
#include "base/installation.h"
#include "cli/command.h"
#include "cli/describe/describe.h"
#include "cli/records/datasets_commands.h"

/// `runner` itself, which does not see LibTorch: loading that takes longer than most reports. A subcommand
/// that needs it is left to `runner-tensors`, the program beside it that has all of them.
namespace promptbed {
namespace {

constexpr const char* kProgram = "runner-tensors";

/// Becomes that program, with the same words. Throws Error if it is not there.
[[noreturn]] int with_tensors(Arguments words, const Arguments& more) {
  words.insert(words.begin(), "runner");
  words.insert(words.end(), more.begin(), more.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const std::filesystem::path program = program_folder() / kProgram;
  if (std::filesystem::read_symlink("/proc/self/exe").filename() == kProgram)
    throw Error(fmt::format("{}: is a copy of runner; install or build promptbed again", program.string()));
  prepare_suitable_kernels();
  ::execv(program.c_str(), pointers.data());
  throw Error(fmt::format("{}: cannot be started ({}); install or build promptbed again", program.string(),
                          std::strerror(errno)));
}

}  // namespace

int sweep_command(const Arguments& arguments) {
  with_tensors({"sweep"}, arguments);
}
int train_command(const Arguments& arguments) {
  with_tensors({"train"}, arguments);
}
int eval_command(const Arguments& arguments) {
  with_tensors({"eval"}, arguments);
}
int predict_command(const Arguments& arguments) {
  with_tensors({"predict"}, arguments);
}
int prompts_command(const Arguments& arguments) {
  with_tensors({"prompts"}, arguments);
}
int features_command(const Arguments& arguments) {
  with_tensors({"features"}, arguments);
}
int bench_command(const Arguments& arguments) {
  with_tensors({"bench"}, arguments);
}
int methods_command(const Arguments& arguments) {
  with_tensors({"methods"}, arguments);
}
int doctor_command(const Arguments& arguments) {
  with_tensors({"doctor"}, arguments);
}
int completion_command(const Arguments& arguments) {
  with_tensors({"completion"}, arguments);
}
int try_dataset_crops(const Arguments& arguments) {
  with_tensors({"datasets", "crops"}, arguments);
}

}  // namespace promptbed
