#include <fcntl.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <new>
#include <system_error>

#include "base/blas.h"
#include "base/installation.h"
#include "base/machine.h"
#include "base/signals.h"
#include "base/suggestion.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/describe/describe.h"

namespace promptbed {
namespace {

constexpr CommandSummary kCommands[] = {
    {"sweep", "train and test methods over datasets, shots and seeds", sweep_command},
    {"train", "train one prompt and test it", train_command},
    {"eval", "test a trained prompt, or zero-shot, on a dataset", eval_command},
    {"predict", "classify images with a trained prompt, or zero-shot", predict_command},
    {"prompts", "show, read, import and export trained prompts", prompts_command},
    {"report", "print tables of results, or write a page with plots", report_command},
    {"features", "extract, list, verify, prune or seal image features", features_command},
    {"bench", "measure what training and testing a method costs", bench_command},
    {"methods", "list the methods, or describe some with options and recipe", methods_command},
    {"datasets", "list, show, verify, seal and draw from datasets, measure crops", datasets_command},
    {"runs", "list, show, diff, export, release and delete runs in the ledger", runs_command},
    {"ledger", "check the ledger and the files beside it, merge ledgers", ledger_command},
    {"doctor", "say what this machine offers, and what to fix", doctor_command},
    {"completion", "print a completion script for bash, zsh or fish, or the man page", completion_command},
};
static_assert(std::ranges::equal(kCommands, kCommandNames, {}, &CommandSummary::name));

}  // namespace

std::span<const CommandSummary> commands() {
  return kCommands;
}

namespace {

void print_overview() {
  fmt::print("promptbed {}: a test bed for CLIP prompt learning\n\nusage: runner COMMAND [OPTIONS]\n\n",
             release_version());
  for (const CommandSummary& command : commands()) fmt::print("  {:<11} {}\n", command.name, command.summary);
  fmt::print(
      "\nThe main job:\n"
      "  runner sweep --methods clip_zeroshot,coop,cocoop\n"
      "  runner report --table base-new\n"
      "The same on your own model and data:\n"
      "  runner sweep --methods clip_zeroshot,coop,cocoop --model models/ViT-B-16 --data data\n"
      "\nrunner COMMAND --help lists a command's options. Exit codes: 0 all was done, 1 a part failed,\n"
      "2 wrong input, 75 and 130 interrupted (docs/command-line.md).\n");
}

int run(const Arguments& words) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    print_overview();
    return words.empty() ? kWrongInput : kAllDone;
  }
  if (words[0] == "--version") {
    fmt::print("runner {} ({}{})\n", release_version(), code_version(),
               code_is_dirty() ? ", with changes" : "");
    return kAllDone;
  }
  const auto command = std::ranges::find(commands(), words[0], &CommandSummary::name);
  if (command == commands().end()) {
    throw Error(fmt::format("no command {}; {}", words[0],
                            remedy_for(words[0], {std::begin(kCommandNames), std::end(kCommandNames)})));
  }
  return command->run({words.begin() + 1, words.end()});
}

/// Whether it is what fmt throws if standard output cannot be written, which check_output() reports.
bool is_of_output(const std::exception& fault) {
  return dynamic_cast<const std::system_error*>(&fault) != nullptr && std::ferror(stdout) != 0;
}

/// Runs the command; an error becomes one line on standard error.
int run_and_report(const Arguments& words) {
  try {
    return run(words);
  } catch (const Interrupted&) {
    std::cerr << "interrupted; finished work is kept, and the same command continues from there\n";
    return asked_to_come_back() ? kPutBack : kInterrupted;
  } catch (const std::bad_alloc&) {
    std::cerr << "runner: out of memory; use fewer --jobs or a smaller model\n";
  } catch (const std::exception& fault) {
    std::string text = fault.what();
    // LibTorch's go on with where they come from. In ours a line break can only be a value's.
    if (dynamic_cast<const Error*>(&fault) == nullptr) text.resize(std::min(text.size(), text.find('\n')));
    if (!is_of_output(fault)) std::cerr << "runner: " << printable(text) << '\n';
  }
  return kWrongInput;
}

/// The exit code, given that of the command: results that could not be written are a failure.
int check_output(int code) {
  const int flushed = std::fflush(stdout);
  const char* reason = flushed != 0 ? std::strerror(errno) : "write error";
  if (flushed == 0 && std::ferror(stdout) == 0) return code;
  std::cerr << "runner: standard output: cannot be written (" << reason
            << "); the output is incomplete; run it again with another destination\n";
  return kSomeFailed;
}

/// Takes those of the descriptors 0 to 2 that were closed at the start, so that no file of ours gets one of
/// them and whatever is printed. They are opened the wrong way round: to use one is still an error.
void take_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) < 0)
      ::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

}  // namespace
}  // namespace promptbed

int main(int count, char** words) {
  promptbed::restart_with_suitable_kernels(words);
  promptbed::take_standard_descriptors();
  promptbed::keep_freed_memory();
  promptbed::watch_for_interrupts();
  promptbed::explain_crashes();
  return promptbed::check_output(promptbed::run_and_report({words + 1, words + count}));
}
