#include <ATen/Parallel.h>

#include <fstream>
#include <iostream>

#include "base/files.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/tensors/input_options.h"
#include "cli/tensors/sweep_options.h"
#include "results/run_files.h"
#include "sweep/features.h"
#include "sweep/sweep.h"
#include "sweep/workers.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

const Usage kUsage = {
    "runner train --method M --dataset D [OPTIONS]",
    "Trains one prompt and tests it, as one run of a sweep: it goes into the ledger, and is not done again "
    "if\n"
    "it is there already. The epochs go to standard error; the prompt and the scores come at the end.\n\n"
    "  runner train --method coop --dataset nature_food\n"
    "  runner train --method cocoop --dataset oxford_pets --shots 4 --seed 2 --model MODEL --data DATA\n"
    "  runner train --method coop --dataset photos/birds --protocol few-shot --output birds.safetensors"};

/// All values are texts: the options of `runner sweep` read them.
options::options_description describe() {
  options::options_description described("options", 110, 60);
  auto add = described.add_options();
  const auto text = [](const char* name) { return options::value<std::string>()->value_name(name); };
  const auto texts = [](const char* name) {
    return options::value<std::vector<std::string>>()->value_name(name)->composing();
  };
  add("method", text("M")->required(), "see runner methods");
  add("dataset", text("D")->required(), "a dataset of the suite, or a folder of your own");
  add("shots", text("N")->default_value("16"), "training images per class");
  add("seed", text("N")->default_value("1"), "of the draw, initial values and order");
  add("protocol", text("P")->default_value("base-new"),
      "base-new: train on the first half of the classes, test both; few-shot: train and test on all; "
      "cross-dataset: train on all, test other datasets too; domain: the same with shifted versions");
  add("targets", text("D,..."),
      "datasets that cross-dataset and domain test besides it; default: all others");
  add("draws", texts("FILE"), "train on a draw from runner datasets draw or import-draw");
  add("set", texts("M.O=V"), "option of the method, such as coop.n_ctx=16; may be repeated");
  add("epochs", text("N"), "instead of the method's recipe");
  add("batch-size", text("N"), "instead of the method's recipe");
  add("lr", text("X"), "learning rate, instead of the method's recipe");
  add("views", text("N"), "augmented renderings per training image; 0: the centre crop only; default: 10");
  add("output", text("FILE"), "write the prompt there too");
  add("db", text("FILE")->default_value("runs/promptbed.db"), "ledger of runs and scores");
  add("plugins", text("FOLDER"), "one more folder of plugins");
  add("threads", text("N"), "default: one per core");
  add("force", options::bool_switch(), "train it once more even if it is done");
  described.add(describe_model_options()).add(describe_data_options());
  return described;
}

/// Throws Error if the option has more than one number.
void check_single(const options::variables_map& values, const char* name) {
  const std::string option = fmt::format("--{}", name), text = values[name].as<std::string>();
  if (split_numbers(option, text).size() > 1)
    throw Error(
        fmt::format("{} {}: runner train makes one run; give one number, or use runner sweep", option, text));
}

/// The same as arguments of `runner sweep`.
Arguments sweep_arguments(const options::variables_map& values) {
  const bool with_source = has_source(parse_protocol(values["protocol"].as<std::string>()));
  const std::map<std::string, std::string> other_names = {
      {"method", "methods"}, {"dataset", with_source ? "source" : "datasets"}, {"seed", "seeds"}};
  Arguments arguments = {"--jobs", "1"};
  for (const auto& [name, value] : values) {
    if (name == "output" || name == "config") continue;
    const auto renamed = other_names.find(name);
    const std::string option = "--" + (renamed == other_names.end() ? name : renamed->second);
    if (name == "force") {
      if (value.as<bool>()) arguments.push_back(option);
    } else if (name == "set" || name == "draws") {
      for (const std::string& one : value.as<std::vector<std::string>>())
        arguments.insert(arguments.end(), {option, one});
    } else {
      arguments.insert(arguments.end(), {option, value.as<std::string>()});
    }
  }
  return arguments;
}

/// The plan's one run. Throws Error if there are more, or nothing to train.
const PlannedRun& only_run(const Plan& plan) {
  const PlannedRun& run = plan.runs.front();
  if (plan.runs.size() > 1)
    throw Error(fmt::format("these options ask for {} runs, and runner train makes one; use runner sweep",
                            plan.runs.size()));
  if (!run.method->trainable()) {
    throw Error(fmt::format("{}: needs no training; test it with runner eval --method {}", run.method->name(),
                            run.method->name()));
  }
  return run;
}

/// Shows on standard error what a run writes into its log.
class LogFollower {
 public:
  explicit LogFollower(fs::path log) : log_(std::move(log)) {
    std::error_code missing;
    const auto size = fs::file_size(log_, missing);
    if (!missing) shown_ = static_cast<std::streamoff>(size);  // of earlier attempts
  }

  void show() {
    std::ifstream in(log_);
    in.seekg(shown_);
    for (std::string line; std::getline(in, line) && !in.eof();) {
      std::cerr << line << '\n';
      shown_ += static_cast<std::streamoff>(line.size()) + 1;
    }
  }

 private:
  fs::path log_;
  std::streamoff shown_ = 0;
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
  if (run.obstacle.empty())
    extract_missing_features(plan, plan.pending(), bench.inputs(), spec.threads, std::cerr);
  LogFollower follower(log_path(spec.ledger, run.id));
  std::ostream quiet(nullptr);
  const SweepOutcome outcome = run_sweep(
      plan, spec, bench,
      [&](JobQueue& queue) {
        run_local_workers(queue, bench.spec(), {.count = 1, .watch = [&] { follower.show(); }});
      },
      quiet);
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
  const auto values = parse_arguments(arguments, describe(), kUsage);
  if (!values) return kAllDone;
  check_single(*values, "shots");
  check_single(*values, "seed");
  SweepSpec spec;
  read_sweep_options(spec, *parse_arguments(sweep_arguments(*values), describe_sweep_options(spec), kUsage));
  at::set_num_threads(static_cast<int>(spec.threads));
  Workbench bench(spec);
  const Plan plan = plan_sweep(spec, bench);
  print_warnings(plan);
  return train(plan, spec, bench, values->count("output") > 0 ? (*values)["output"].as<std::string>() : "");
}

}  // namespace promptbed
