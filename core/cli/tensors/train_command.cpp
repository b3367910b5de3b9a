#include <ATen/Parallel.h>

#include <chrono>
#include <iostream>

#include "base/files.h"
#include "base/progress.h"
#include "base/text.h"
#include "cli/tensors/input_options.h"
#include "cli/tensors/sweep_options.h"
#include "results/run_record.h"
#include "sweep/features.h"
#include "sweep/followed_log.h"
#include "sweep/sweep.h"
#include "sweep/workers.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

Subcommand train_description() {
  return {.usage = "runner train --method M --dataset D [OPTIONS]",
          .explanation =
              "Trains one prompt and tests it, as one run of a sweep: it goes into the ledger, and is\n"
              "not repeated if it is there already. Epochs are printed to standard error; the\n"
              "prompt's path and the scores follow.\n\n"
              "  runner train --method coop --dataset nature_food\n"
              "  runner train --method cocoop --dataset oxford_pets --shots 4 --seed 2 --model MODEL --data "
              "DATA\n"
              "  runner train --method coop --dataset photos/birds --protocol few-shot --output "
              "birds.safetensors",
          .options = {{"run",
                       {required(shared("method")), required(shared("dataset")), shared_or("shots", "16"),
                        shared_or("seed", "1"), shared_or("protocol", "base-new"), shared("targets"),
                        shared("draws"), shared("label-noise"), shared("imbalance"), shared("imagenet-val"),
                        shared("descriptions"), shared("set"), shared("epochs"), shared("batch-size"),
                        shared("lr"), shared("views"), shared("crops")}},
                      {"work",
                       {{"output", "FILE", "also write the prompt to this file"},
                        shared("db"),
                        shared("plugins"),
                        shared("threads", "; default: one per core"),
                        shared("checkpoint-minutes"),
                        shared("no-cuda-graphs"),
                        shared("force")}},
                      model_options(),
                      data_options()}};
}

SweepSpec one_run(const Values& values) {
  SweepSpec spec;
  read_run_options(spec, values);
  spec.methods = {values.text("method")};
  spec.shots = values.numbers("shots");
  if (spec.shots.size() > 1)
    throw values.fault("shots", "runner train makes one run; give one number, or use runner sweep");
  spec.seeds = {*values.number("seed")};
  if (spec.seeds.front() < 0) throw values.fault("seed", "give 0 or more");
  spec.threads = values.positive("threads", count_cores(), kMostThreads);
  if (has_source(spec.protocol)) {
    choose_source(
        spec, {.source = values.text("dataset"), .targets = values.text("targets"), .option = "--dataset"});
    return spec;
  }
  if (values.given("targets"))
    throw values.fault("targets", fmt::format("{} tests --dataset alone", to_string(spec.protocol)));
  read_data_options(spec, values, values.text("dataset"));
  return spec;
}

/// The plan's one run. Throws Error if there are more, or nothing to train.
const PlannedRun& only_run(const Plan& plan) {
  if (plan.runs.size() != 1)
    throw Error(fmt::format("these options ask for {} runs, and runner train makes one; use runner sweep",
                            plan.runs.size()));
  const PlannedRun& run = plan.runs.front();
  if (!run.method->trainable()) {
    throw Error(fmt::format("{}: needs no training; test it with runner eval --method {}", run.method->name(),
                            run.method->name()));
  }
  return run;
}

/// Shows on standard error what a run writes into its log, and how long the epochs to come will take.
class LogFollower {
 public:
  explicit LogFollower(fs::path log) : log_(std::move(log)) {}

  void show() {
    for (const std::string& line : log_.new_lines()) std::cerr << printable(line) << time_left(line) << '\n';
  }

 private:
  /// "; 3 min 20 s left" behind an epoch, by the mean of those before.
  std::string time_left(const std::string& line) {
    const std::optional<LoggedEpoch> epoch = epoch_in(line);
    if (!epoch || epoch->epoch == epoch->epochs) return "";
    seconds_ += epoch->seconds;
    const double mean = seconds_ / static_cast<double>(epoch->epoch);
    return fmt::format("; {} left", duration_text(std::chrono::duration<double>(
                                        mean * static_cast<double>(epoch->epochs - epoch->epoch))));
  }

  FollowedLog log_;
  double seconds_ = 0;  ///< of the epochs so far
};

void print_result(const PlannedRun& run, const RunOutcome& outcome, bool made_now, const fs::path& prompt) {
  fmt::print("{}: {}\nrun     {}\nprompt  {}\n", run.title(), made_now ? "done now" : "done before", run.id,
             prompt.string());
  for (const Score& score : outcome.scores) {
    fmt::print("{} of {}: {:.2f} % ({} of {} images)\n", score.class_set, score.dataset, score.accuracy,
               score.correct, score.images);
  }
  for (const Refusal& refusal : outcome.refusals)
    fmt::print("{} of {}: cannot: {}\n", refusal.class_set, refusal.dataset, refusal.reason);
}

/// Makes the plan's one run, its log on standard error.
SweepOutcome make(const Plan& plan, const SweepSpec& spec, Workbench& bench) {
  const PlannedRun& run = only_run(plan);
  // Here, for the progress of images; that of the run is its log.
  extract(extractions_of(plan, plan.pending(), bench.inputs()), bench.inputs(), spec.threads, std::cerr);
  LogFollower follower(log_path(spec.ledger, run.id));
  std::ostream quiet(nullptr);
  const Executor executor = {[&](JobQueue& queue) {
    run_local_workers(queue, bench.spec(), {.count = 1, .watch = [&] { follower.show(); }});
  }};
  const SweepOutcome outcome = run_sweep(plan, spec, bench, executor, quiet);
  if (outcome.made > 0 || !outcome.failures.empty()) follower.show();
  return outcome;
}

int train(const Plan& plan, const SweepSpec& spec, Workbench& bench, const std::string& output) {
  const SweepOutcome outcome = make(plan, spec, bench);
  print_shortcomings(outcome);
  const PlannedRun& run = only_run(plan);
  if (!fs::exists(spec.ledger)) return kSomeFailed;
  const Ledger ledger = Ledger::open_existing(spec.ledger);
  const auto state = ledger.state(run.id);
  if (!state || state->status != RunStatus::done) return kSomeFailed;
  const fs::path prompt = prompt_path(spec.ledger, run.id);
  if (!fs::exists(prompt)) {
    throw Error(fmt::format("{}: is missing, although run {} is done; train it once more with --force",
                            prompt.string(), run.id));
  }
  if (!output.empty()) write_file(output, read_file(prompt));
  print_result(run, ledger.outcome(run.id), outcome.present == 0, output.empty() ? prompt : fs::path(output));
  return outcome.made + outcome.present > 0 ? kAllDone : kSomeFailed;
}

}  // namespace

int train_command(const Arguments& arguments) {
  const std::optional<Values> values = parse(arguments, train_description());
  if (!values) return kAllDone;
  const SweepSpec spec = one_run(*values);
  const std::string output = output_file(*values);
  const auto place_of = [](const fs::path& file) {
    return fs::weakly_canonical(fs::absolute(behind_links(file)));
  };
  if (!output.empty() && place_of(output) == place_of(spec.ledger))
    throw Error(fmt::format("--output {}: is the ledger, which would be lost; give another file", output));
  at::set_num_threads(static_cast<int>(spec.threads));
  Workbench bench(spec);
  const Plan plan = plan_sweep(spec, bench);
  print_warnings(plan);
  if (const PlannedRun& run = only_run(plan); !run.obstacle.empty())
    throw Error(fmt::format("{}: {}", run.title(), run.obstacle));
  return train(plan, spec, bench, output);
}

}  // namespace promptbed
