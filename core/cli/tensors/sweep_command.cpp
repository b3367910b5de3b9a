#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/cuda.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>

#include "base/text.h"
#include "cli/tensors/dry_run.h"
#include "cli/tensors/sweep_options.h"
#include "sweep/plan.h"
#include "sweep/shard.h"
#include "sweep/slurm/array_task.h"
#include "sweep/slurm/cancellation.h"
#include "sweep/slurm/commands.h"
#include "sweep/slurm/executor.h"
#include "sweep/sweep.h"
#include "sweep/time_estimate.h"
#include "sweep/workers.h"

namespace promptbed {
namespace {

Subcommand sweep_description() {
  return {.usage = "runner sweep --methods M,... [OPTIONS]",
          .explanation =
              "Trains and tests methods over datasets, shots and seeds: on the embedded suite pocket,\n"
              "with its own model and features, or on your --model and --data. Image features are\n"
              "extracted once and cached, but for methods inside the image tower, which take the images\n"
              "themselves. Every score goes into the ledger, and finished runs are not repeated: a prompt\n"
              "is trained once, whatever it is tested on. Each run has a log, logs/ID.log beside the\n"
              "ledger.\n\n"
              "  runner sweep --methods clip_zeroshot,coop,cocoop\n"
              "  runner sweep --methods clip_zeroshot,coop,cocoop --datasets all --model models/ViT-B-16 "
              "--data data\n"
              "  runner sweep --methods clip_zeroshot,coop --protocol few-shot\n"
              "  runner sweep --methods coop,cocoop --protocol cross-dataset --source devices\n"
              "  runner sweep --methods coop --set coop.n_ctx=4,8,16 --dry-run",
          .options = sweep_options()};
}

/// The part of the plan that is asked for.
void keep_part(Plan& plan, const std::optional<Shard>& shard, const Values& values) {
  if (values.given("runs")) keep_runs(plan, values.items("runs"));
  if (shard) keep_shard(plan, *shard);
}

/// Prints the ids of what is to be made, for schedulers of the user's, and on standard error what cannot be.
/// Returns the exit code.
int list_jobs(const Plan& plan) {
  int code = kAllDone;
  for (const PlannedRun& run : plan.runs) {
    if (run.obstacle.empty()) continue;
    fmt::print(stderr, "{} cannot run: {}\n", printable(run.title()), printable(run.obstacle));
    code = kSomeFailed;
  }
  for (const PlannedRun* run : plan.pending()) fmt::print("{}\n", run->id);
  return code;
}

/// Has tasks divided by how long the finished runs of a ledger took.
void learn_durations(TaskLimits& limits, const std::filesystem::path& ledger) {
  if (!std::filesystem::exists(ledger)) return;
  limits.seconds_of = [experience = Experience(Ledger::open_existing(ledger))](const RunSpec& run) {
    const auto duration = experience.of(run);
    return duration ? std::optional(duration->seconds) : std::nullopt;
  };
}

/// How many runs of a plan are made at the same time.
int64_t count_at_once(const Plan& plan, const SweepSpec& spec, const std::optional<SlurmSettings>& slurm) {
  if (!slurm) return spec.jobs;
  std::vector<const Job*> jobs;
  for (const PlannedRun* run : plan.pending()) jobs.push_back(&run->job);
  TaskLimits limits = slurm->limits;
  limits.tasks = std::min(limits.tasks, most_tasks());
  return std::max<int64_t>(1, static_cast<int64_t>(plan_tasks(jobs, limits).size()));
}

Executor here(const SweepSpec& spec, const BenchSpec& bench) {
  return {[&spec, &bench](JobQueue& queue) {
    run_local_workers(queue, bench,
                      {.count = spec.jobs,
                       .gpus = static_cast<int64_t>(torch::cuda::device_count()),
                       .watch = [&] { queue.show_progress(); }});
  }};
}

Executor on_slurm(const SlurmSettings& settings, const BenchSpec& bench) {
  const auto missing = std::make_shared<std::vector<Extraction>>();
  return {.make_jobs = [&settings, &bench, missing](
                           JobQueue& queue) { run_slurm_tasks(queue, bench, *missing, settings, std::cerr); },
          .extract = [missing](std::vector<Extraction> all) { *missing = std::move(all); }};
}

/// Of a sweep that only submits: what is not done is with Slurm. Returns the exit code.
int end_without_waiting(SweepOutcome outcome) {
  outcome.elsewhere = static_cast<int64_t>(outcome.held.size());
  print_shortcomings(outcome);
  return is_complete(outcome) ? kAllDone : kSomeFailed;
}

/// Returns the exit code.
int cancel_tasks(const SweepSpec& spec) {
  fmt::print("{} ended\n", plural(cancel_slurm_tasks(spec.ledger), "array"));
  return kAllDone;
}

}  // namespace

int sweep_command(const Arguments& arguments) {
  if (arguments == Arguments{kWorkerArgument}) return work_for_sweep() ? kAllDone : kInterrupted;
  if (arguments.size() == 2 && arguments[0] == kTaskArgument) {
    make_array_task(arguments[1]);
    return kAllDone;
  }
  const std::optional<Values> values = parse(arguments, sweep_description());
  if (!values) return kAllDone;
  const DryRun dry_run = dry_run_of(*values);
  SweepSpec spec = read_sweep_options(*values);
  std::optional<SlurmSettings> slurm = read_slurm_options(*values);
  if (slurm) check_for_slurm();
  if (values->flag("cancel")) return cancel_tasks(spec);
  std::optional<Shard> shard;
  if (values->given("shard")) shard = parse_shard(values->text("shard"));
  if (shard) spec.ledger = shard_ledger(spec.ledger, *shard);
  at::set_num_threads(static_cast<int>(spec.threads));

  Workbench bench(spec);
  Plan plan = plan_sweep(spec, bench);
  keep_part(plan, shard, *values);
  print_warnings(plan);
  if (values->flag("list-jobs")) return list_jobs(plan);
  if (slurm) learn_durations(slurm->limits, spec.ledger);
  if (dry_run != DryRun::no) {
    print_dry_run(dry_run, *values, plan, spec, bench, count_at_once(plan, spec, slurm));
    return kAllDone;
  }
  const SweepOutcome outcome = run_sweep(
      plan, spec, bench, slurm ? on_slurm(*slurm, bench.spec()) : here(spec, bench.spec()), std::cerr);
  if (slurm && !slurm->wait) return end_without_waiting(outcome);
  print_shortcomings(outcome);
  fmt::print("{}\n", summary(outcome, plan));
  return is_complete(outcome) ? kAllDone : kSomeFailed;
}

}  // namespace promptbed
