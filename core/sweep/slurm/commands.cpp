#include "sweep/slurm/commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string_view>
#include <thread>

#include "base/processes.h"
#include "base/signals.h"
#include "base/text.h"
#include "formats/text_files.h"

namespace promptbed {
namespace {

/// What the sweep sets itself, and cannot do without.
constexpr std::string_view kOurs[] = {
    "array",           "chdir",     "cpus-per-task", "dependency", "nodes", "ntasks",
    "ntasks-per-node", "open-mode", "output",        "parsable",   "wait",  "wrap"};

/// MaxArraySize where the configuration cannot be read: Slurm's default.
constexpr int64_t kUsualArraySize = 1001;

/// What a command had to say, in one line.
std::string words_of(const ProgramEnd& end) {
  const std::vector<std::string> lines = lines_of(end.errors);
  return printable(lines.empty() ? end.fault : lines.back());
}

std::optional<int64_t> leading_number(std::string_view text) {
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc() ? std::optional(number) : std::nullopt;
}

/// "17_3" -> the task; nothing for jobs that are no arrays.
std::optional<SlurmTask> task_from(const std::string& text) {
  const size_t dash = text.find('_');
  if (dash == std::string::npos) return std::nullopt;
  const auto job = leading_number(text), index = leading_number(std::string_view(text).substr(dash + 1));
  if (!job || !index) return std::nullopt;
  return SlurmTask{*job, *index};
}

/// The value of "Name=value" among words, such as scontrol prints.
std::string value_of(const std::string& text, const std::string& name) {
  std::istringstream in(text);
  for (std::string word; in >> word;) {
    if (word.starts_with(name + '=')) return word.substr(name.size() + 1);
  }
  return "";
}

/// States of tasks that have not ended, which sacct and scontrol tell, too.
bool is_final(const std::string& state) {
  for (const char* other :
       {"PENDING", "RUNNING", "REQUEUED", "COMPLETING", "SUSPENDED", "CONFIGURING", "RESIZING"}) {
    if (state.starts_with(other)) return false;
  }
  return true;
}

/// "FAILED (exit code 127)" of Slurm's state and its "127:0", an exit code and a signal.
TaskEnd end_from(const std::string& state, const std::string& codes) {
  if (!is_final(state)) return {.lives = true};
  const int64_t code = leading_number(codes).value_or(0);
  return {.text = code == 0 ? state : fmt::format("{} (exit code {})", state, code)};
}

void cancel_named(const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::vector<std::string> words = {"scancel"};
  words.insert(words.end(), names.begin(), names.end());
  const ProgramEnd end = run_program(words, "");
  if (!end.fault.empty()) throw Error(fmt::format("scancel: {}; try again", words_of(end)));
}

}  // namespace

std::string SlurmTask::text() const {
  return fmt::format("{}_{}", job, index);
}

std::vector<std::string> parse_slurm_options(const std::string& text) {
  std::vector<std::string> options(1);
  int64_t depth = 0;
  for (const char c : text) {
    depth += c == '[' ? 1 : c == ']' ? -1 : 0;
    if (c == ',' && depth == 0) {
      options.emplace_back();
    } else {
      options.back() += c;
    }
  }
  for (std::string& option : options) {
    const std::string name = option.substr(0, option.find('='));
    if (name.empty() || name.starts_with('-')) {
      throw Error(
          fmt::format("--slurm {}: \"{}\" is no option of sbatch; give some without dashes, such as "
                      "partition=main,time=2:00:00",
                      text, option));
    }
    if (std::ranges::count(kOurs, name) > 0) {
      throw Error(fmt::format(
          "--slurm {}: the sweep itself sets {}; leave it out (--tasks and --threads say how many)", text,
          name));
    }
    if (name == "clusters")
      throw Error(
          fmt::format("--slurm {}: a sweep sees its own cluster only; start it on one of {}", text, option));
    option = "--" + option;
  }
  return options;
}

void check_for_slurm() {
  for (const char* program : {"sbatch", "squeue", "scancel", "scontrol"}) {
    if (!has_program(program)) {
      throw Error(
          fmt::format("--executor slurm: there is no {} on this machine; start the sweep where Slurm's "
                      "commands are, or leave --executor out",
                      program));
    }
  }
}

int64_t submit(const SlurmArray& array) {
  std::vector<std::string> words = {"sbatch",
                                    "--parsable",
                                    "--job-name=promptbed",
                                    "--requeue",
                                    "--open-mode=append",
                                    "--signal=USR1@60",
                                    fmt::format("--array=1-{}", array.tasks),
                                    fmt::format("--cpus-per-task={}", array.threads),
                                    "--output=" + array.log.string()};
  if (!array.after.empty())
    words.push_back(fmt::format("--dependency=afterany:{}", fmt::join(array.after, ":")));
  words.insert(words.end(), array.options.begin(), array.options.end());
  words.push_back(array.script.string());
  words.insert(words.end(), array.arguments.begin(), array.arguments.end());
  const ProgramEnd end = run_program(words, "");
  const auto job = leading_number(end.output);  // "17", or "17;cluster"
  if (!end.fault.empty() || !job) {
    check_interrupt();  // Ctrl-C is for sbatch, too
    throw Error(fmt::format("sbatch{}{}: {}; mend that with --slurm, and sweep again",
                            array.options.empty() ? "" : " ", fmt::join(array.options, " "), words_of(end)));
  }
  return *job;
}

bool lives(int64_t job, const LiveTasks& live) {
  const auto first = live.lower_bound({job, 0});
  return first != live.end() && first->first.job == job;
}

std::optional<LiveTasks> live_tasks() {
  const ProgramEnd end = run_program({"squeue", "--me", "--noheader", "--array", "--format=%i %T"}, "");
  if (!end.fault.empty()) return std::nullopt;
  std::map<SlurmTask, std::string> tasks;
  for (const std::string& line : lines_of(end.output)) {
    const size_t blank = line.find(' ');
    const auto task = task_from(line.substr(0, blank));
    if (task && blank != std::string::npos) tasks[*task] = line.substr(blank + 1);
  }
  return tasks;
}

TaskEnd end_of(const SlurmTask& task) {
  if (has_program("sacct")) {
    const ProgramEnd kept = run_program({"sacct", "--noheader", "--allocations", "--parsable2",
                                         "--format=State,ExitCode", "--jobs=" + task.text()},
                                        "");
    const std::vector<std::string> lines = lines_of(kept.output);
    if (kept.fault.empty() && !lines.empty()) {
      const size_t bar = lines.back().find('|');
      if (bar != std::string::npos)
        return end_from(lines.back().substr(0, bar), lines.back().substr(bar + 1));
    }
  }
  const ProgramEnd shown = run_program({"scontrol", "show", "--oneliner", "job", task.text()}, "");
  if (!shown.fault.empty()) return {};
  return end_from(value_of(shown.output, "JobState"), value_of(shown.output, "ExitCode"));
}

void cancel(const std::vector<int64_t>& jobs) {
  std::vector<std::string> names;
  for (const int64_t job : jobs) names.push_back(std::to_string(job));
  cancel_named(names);
}

void cancel(const std::vector<SlurmTask>& tasks) {
  std::vector<std::string> names;
  for (const SlurmTask& task : tasks) names.push_back(task.text());
  cancel_named(names);
}

bool wait_for_end(const std::vector<int64_t>& jobs, std::chrono::milliseconds longest) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kLook{200};
  for (const auto begin = Clock::now();;) {
    const auto live = live_tasks();
    const bool one_lives = live && std::ranges::any_of(*live, [&](const auto& task) {
                             return std::ranges::count(jobs, task.first.job) > 0;
                           });
    if (live && !one_lives) return true;
    if (interrupted() || Clock::now() - begin >= longest) return false;
    std::this_thread::sleep_for(kLook);
  }
}

int64_t most_tasks() {
  const ProgramEnd end = run_program({"scontrol", "show", "config"}, "");
  for (const std::string& line : lines_of(end.output)) {
    const size_t equals = line.find('=');
    if (!line.starts_with("MaxArraySize ") || equals == std::string::npos) continue;
    const size_t digits = line.find_first_not_of(' ', equals + 1);
    if (digits != std::string::npos)
      return std::max<int64_t>(1, leading_number(line.substr(digits)).value_or(kUsualArraySize) - 1);
  }
  return kUsualArraySize - 1;
}

}  // namespace promptbed
