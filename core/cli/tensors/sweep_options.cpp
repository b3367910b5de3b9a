#include "cli/tensors/sweep_options.h"

#include <algorithm>
#include <iostream>

#include "base/text.h"
#include "cli/tensors/dry_run.h"
#include "cli/tensors/input_options.h"
#include "sweep/slurm/commands.h"

namespace promptbed {
namespace {

constexpr int64_t kDefaultMostJobs = 8;
constexpr int64_t kMostJobs = 256;
constexpr int64_t kMostRetries = 100;
constexpr int64_t kMostTasks = 100'000;
constexpr int64_t kMostTaskMinutes = 100 * 24 * 60;
constexpr int64_t kThreadsOfTask = 4;
constexpr int64_t kMostEpochs = 1'000'000;
constexpr int64_t kMostCheckpointMinutes = 24 * 60;

// Training images per class: the papers' tables, and the CoOp paper's few-shot curves.
const std::vector<int64_t> kUsual = {16};
const std::vector<int64_t> kCurve = {1, 2, 4, 8, 16};

/// Source and targets, which replace --datasets in some protocols.
void fill_in_source(SweepSpec& spec, const Values& values) {
  const bool with_source = has_source(spec.protocol);
  for (const char* option : {"source", "targets"}) {
    if (!with_source && values.given(option))
      throw Error(fmt::format("--{}: is for the protocols cross-dataset and domain; give --datasets for {}",
                              option, to_string(spec.protocol)));
  }
  if (!with_source) return;
  if (values.given("datasets"))
    throw Error(fmt::format("--datasets: {} has --source and --targets instead", to_string(spec.protocol)));
  choose_source(spec, {.source = values.text("source"), .targets = values.text("targets")});
}

/// The files that --descriptions names, by dataset.
std::map<std::string, std::filesystem::path> read_descriptions(const Values& values) {
  std::map<std::string, std::filesystem::path> files;
  for (const std::string& text : values.texts("descriptions")) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == text.size())
      throw Error(fmt::format("--descriptions {}: give a dataset and a file, such as dtd=dtd.json", text));
    files[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return files;
}

}  // namespace

std::vector<OptionGroup> sweep_options() {
  return {
      {"grid",
       {required(shared("methods")),
        shared_or("datasets", "all"),
        shared("shots", "; default: 16, and 1,2,4,8,16 for few-shot"),
        shared_or("seeds", "1,2,3"),
        shared_or("protocol", "base-new"),
        shared("source", "; default: imagenet, or the suite's first suitable one"),
        shared("targets"),
        shared("draws"),
        shared("label-noise"),
        shared("imbalance"),
        shared("imagenet-val"),
        shared("descriptions"),
        shared("set", "; several values (coop.n_ctx=4,16) are all tried"),
        shared("epochs"),
        shared("batch-size"),
        shared("lr"),
        shared("views"),
        shared("crops"),
        {"track-new", "N",
         "test prompts on base and new classes after every N epochs of their training and the last; "
         "finished runs cannot be given this, not even by --remeasure",
         ValueKind::number}}},
      {"work",
       {shared("db"),
        shared("plugins"),
        {"jobs", "N", "runs made at the same time, each in its own process; default: one per core, at most 8",
         ValueKind::number},
        shared("threads",
               " per job; default: the cores shared among the jobs, and 4 for a task of a cluster"),
        {"retries", "N", "how often a failed run is tried again", ValueKind::number, "0"},
        {"fail-fast", "", "stop at the first failure", ValueKind::flag},
        shared("checkpoint-minutes"),
        shared("no-cuda-graphs"),
        {"shard", "I/N",
         "make part I of N of the grid, into a ledger of its own beside --db, which `runner ledger merge` "
         "joins with the others; slurm/N: the part with the number of this array task"},
        {"runs", "ID,...", "make only these runs of the grid"},
        {"list-jobs", "", "print the ids of the runs that are to be made, one a line, and make none",
         ValueKind::flag},
        shared("force"),
        {"remeasure", "",
         "test finished runs of earlier versions once more, with the prompts that were kept: for calibration "
         "and accuracy per class",
         ValueKind::flag},
        dry_run_option()}},
      {"cluster",
       {{"executor", "E",
         "who makes the runs: local, processes of this machine, or slurm, tasks of its job arrays",
         ValueKind::text, "local"},
        {"slurm", "K=V,...", "options for sbatch, such as partition=main,time=2:00:00,mem=8G"},
        {"tasks", "N",
         "tasks of an array, at most; default: 16, and with --task-minutes what the cluster allows",
         ValueKind::number},
        {"task-minutes", "N", "about how long a task lasts, judging by finished runs like its own",
         ValueKind::number},
        {"no-wait", "", "submit and return; the same command without it collects what is done",
         ValueKind::flag},
        {"cancel", "", "end all tasks that sweeps of this ledger have submitted", ValueKind::flag}}},
      model_options(),
      data_options()};
}

void read_run_options(SweepSpec& spec, const Values& values) {
  read_input_options(spec, values);
  spec.assignments = values.texts("set");
  spec.protocol = protocol_of(values);
  for (const std::string& file : values.texts("draws")) spec.draws.emplace_back(file);
  spec.changes = read_draw_changes(values);
  spec.imagenet_val = validates_on_training(values);
  spec.descriptions = read_descriptions(values);
  spec.ledger = ledger_path(values);
  spec.plugins = read_plugin_folders(values);
  spec.epochs = values.number("epochs");
  spec.batch_size = values.number("batch-size");
  spec.learning_rate = values.real("lr");
  spec.force = values.flag("force");
  spec.cuda_graphs = !values.flag("no-cuda-graphs");
  spec.checkpoint_minutes = *values.number("checkpoint-minutes");
  if (spec.checkpoint_minutes < 0 || spec.checkpoint_minutes > kMostCheckpointMinutes)
    throw values.fault("checkpoint-minutes", fmt::format("give 0 to {}", kMostCheckpointMinutes));
}

std::optional<SlurmSettings> read_slurm_options(const Values& values) {
  const bool is_slurm = values.one_of<bool>("executor", {{"local", false}, {"slurm", true}});
  for (const char* option : {"slurm", "tasks", "task-minutes", "no-wait", "cancel"}) {
    if (!is_slurm && values.given(option))
      throw values.fault(option, "is for --executor slurm; give that, too, or leave it out");
  }
  if (!is_slurm) return std::nullopt;
  for (const char* option : {"jobs", "shard"}) {
    if (values.given(option)) throw values.fault(option, "with --executor slurm, --tasks divides the work");
  }
  SlurmSettings settings;
  if (values.given("slurm")) settings.options = parse_slurm_options(values.text("slurm"));
  if (values.given("task-minutes")) {
    settings.limits.minutes = values.positive("task-minutes", 1, kMostTaskMinutes);
    settings.limits.tasks = kMostTasks;
  }
  settings.limits.tasks = values.positive("tasks", settings.limits.tasks, kMostTasks);
  settings.wait = !values.flag("no-wait");
  settings.force = values.flag("force");
  for (const char* option : {"dry-run", "list-jobs"}) {
    if (values.flag("cancel") && values.given(option))
      throw values.fault("cancel", fmt::format("would end the tasks; leave out --{}, or this", option));
  }
  return settings;
}

SweepSpec read_sweep_options(const Values& values) {
  SweepSpec spec;
  read_run_options(spec, values);
  spec.methods = values.items("methods");
  spec.seeds = values.numbers("seeds");
  const auto& usual = spec.protocol == Protocol::few_shot ? kCurve : kUsual;
  spec.shots = values.given("shots") ? values.numbers("shots") : usual;
  fill_in_source(spec, values);
  if (values.given("track-new")) spec.track_new = values.positive("track-new", 1, kMostEpochs);
  spec.remeasure = values.flag("remeasure");
  spec.retries = *values.number("retries");
  if (spec.retries < 0 || spec.retries > kMostRetries)
    throw values.fault("retries", fmt::format("give 0 to {}", kMostRetries));
  spec.fail_fast = values.flag("fail-fast");
  // What a task of a cluster gets does not depend on the machine that the sweep was started on.
  const bool is_local = values.text("executor") == "local";
  spec.jobs = values.positive("jobs", is_local ? std::min(kDefaultMostJobs, count_cores()) : 1, kMostJobs);
  const int64_t threads = is_local ? std::max<int64_t>(1, count_cores() / spec.jobs) : kThreadsOfTask;
  spec.threads = values.positive("threads", threads, kMostThreads);
  return spec;
}

std::map<std::string, std::string> settled_options(const SweepSpec& spec, const Inputs& inputs) {
  const Suite suite = read_suite(spec.suites, spec.suite);
  std::map<std::string, std::string> settled = {{"shots", fmt::format("{}", fmt::join(spec.shots, ","))},
                                                {"jobs", std::to_string(spec.jobs)},
                                                {"threads", std::to_string(spec.threads)},
                                                {"suite", spec.suite},
                                                {"model", inputs.model().path().string()},
                                                {"crops", to_string(inputs.datasets().front().crops)}};
  if (!suite.data.empty()) settled["data"] = suite.data.string();
  if (!has_source(spec.protocol)) return settled;
  settled["source"] = spec.source;
  settled["targets"] = spec.target_suite.empty() ? spec.datasets : spec.targets;
  return settled;
}

void print_warnings(const Plan& plan) {
  for (const auto& dataset : plan.datasets) print_notes(dataset->split);
  for (const std::string& warning : plan.warnings) std::cerr << "warning: " << printable(warning) << '\n';
}

void print_shortcomings(const SweepOutcome& outcome) {
  for (const std::string& line : shortcomings(outcome)) std::cerr << printable(line) << '\n';
}

}  // namespace promptbed
