#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace promptbed {

/// Exit codes of `runner`.
enum Exit : int {
  kAllDone = 0,
  kSomeFailed = 1,     ///< the work began, and part of it failed
  kWrongInput = 2,     ///< an error before any work
  kPutBack = 75,       ///< a scheduler's SIGUSR1: the same command goes on
  kInterrupted = 130,  ///< Ctrl-C or a termination request
};

/// The commands, in the order of `runner --help`.
inline constexpr std::string_view kCommandNames[] = {"sweep",  "train",    "eval",   "predict",   "prompts",
                                                     "report", "features", "bench",  "methods",   "datasets",
                                                     "runs",   "ledger",   "doctor", "completion"};

/// Words of a command line.
using Arguments = std::vector<std::string>;

/// The commands. Each takes the words after its name and returns an exit code; throws Error for wrong input.
int sweep_command(const Arguments& arguments);
int train_command(const Arguments& arguments);
int eval_command(const Arguments& arguments);
int predict_command(const Arguments& arguments);
int prompts_command(const Arguments& arguments);
int report_command(const Arguments& arguments);
int features_command(const Arguments& arguments);
int bench_command(const Arguments& arguments);
int methods_command(const Arguments& arguments);
int datasets_command(const Arguments& arguments);
int runs_command(const Arguments& arguments);
int ledger_command(const Arguments& arguments);
int doctor_command(const Arguments& arguments);

}  // namespace promptbed
