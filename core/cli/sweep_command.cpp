#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <iostream>
#include <map>

#include "base/crash.h"
#include "base/interrupt.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/input_options.h"
#include "report/render_text.h"
#include "sweep/dry_run.h"
#include "sweep/plan.h"
#include "sweep/source.h"
#include "sweep/sweep.h"

namespace promptbed {
namespace {

constexpr int64_t kDefaultMostJobs = 8;
constexpr int64_t kMostJobs = 256;
constexpr int64_t kMostRetries = 100;

// Training images per class: the papers' tables, and the CoOp paper's few-shot curves.
constexpr const char* kUsual = "16";
constexpr const char* kCurve = "1,2,4,8,16";

// The last word of a worker's command line: it does runs that it reads from standard input.
constexpr const char* kWorker = "--worker";

const Usage kUsage = {
    "runner sweep --methods M,... [OPTIONS]",
    "Trains and tests methods over datasets, shots and seeds: on the suite pocket, which is embedded with\n"
    "its model and features, or on your own --model and --data. Image features are extracted once and\n"
    "cached, every score goes into the ledger, and what is finished is never done again: a prompt is "
    "trained\n"
    "once, whatever it is tested on. Each run has a log, logs/ID.log beside the ledger.\n\n"
    "  runner sweep --methods clip_zeroshot,coop,cocoop\n"
    "  runner sweep --methods clip_zeroshot,coop,cocoop --datasets all --model models/ViT-B-16 --data data\n"
    "  runner sweep --methods clip_zeroshot,coop --protocol few-shot\n"
    "  runner sweep --methods coop,cocoop --protocol cross-dataset --source devices\n"
    "  runner sweep --methods coop --set coop.n_ctx=4,8,16 --dry-run"};

options::options_description describe(SweepSpec& spec) {
  options::options_description described("options", 110, 60);
  auto add = described.add_options();
  const auto text = [](const char* name) { return options::value<std::string>()->value_name(name); };
  add("methods", text("M,...")->required(), "methods, with commas between (see runner methods)");
  add("shots", text("N,..."), "training images per class; default: 16, and 1,2,4,8,16 for few-shot");
  add("seeds", text("N,...")->default_value("1,2,3"), "seeds of draws, initial values and order");
  add("protocol", text("P")->default_value("base-new"),
      "base-new: train on the first half of the classes, test both; few-shot: train and test on all; "
      "cross-dataset: train on one dataset, test it and others as they are; domain: the same with shifted "
      "versions of it");
  add("source", text("D"),
      "dataset that cross-dataset and domain train on; default: imagenet, or the suite's first that will do");
  add("targets", text("D,..."), "datasets that they test beside it; default: all others");
  add("draws", options::value<std::vector<std::string>>()->value_name("FILE")->composing(),
      "a draw from runner datasets draw or import-draw, for its dataset, shots and seed; may be repeated");
  add("db", text("FILE")->default_value("runs/promptbed.db"), "ledger of runs and scores");
  add("plugins", text("FOLDER"), "one more folder of plugins");
  add("set", options::value<std::vector<std::string>>(&spec.assignments)->value_name("M.O=V")->composing(),
      "option of a method, such as coop.n_ctx=16; several values (coop.n_ctx=4,16) are each tried; may be "
      "repeated");
  add("epochs", options::value<int64_t>()->value_name("N"), "instead of the method's recipe");
  add("batch-size", options::value<int64_t>()->value_name("N"), "instead of the method's recipe");
  add("lr", options::value<double>()->value_name("X"), "learning rate, instead of the method's recipe");
  add("jobs", options::value<int64_t>()->value_name("N"),
      "runs at the same time, each in a process of its own; default: one a core, at most 8");
  add("threads", options::value<int64_t>()->value_name("N"),
      "of each job; default: the cores shared among the jobs");
  add("retries", options::value<int64_t>(&spec.retries)->value_name("N")->default_value(0),
      "how often a run that failed is tried again");
  add("fail-fast", options::bool_switch(&spec.fail_fast), "stop at the first failure");
  add("force", options::bool_switch(&spec.force), "do finished runs once more");
  add("dry-run", options::bool_switch(), "show what would be done, and do nothing");
  described.add(describe_input_options(spec));
  return described;
}

Protocol parse_protocol(const std::string& word) {
  std::vector<std::pair<std::string, Protocol>> known;
  for (const Protocol protocol :
       {Protocol::base_new, Protocol::few_shot, Protocol::cross_dataset, Protocol::domain})
    known.emplace_back(to_string(protocol), protocol);
  return one_of<Protocol>("--protocol", word, known);
}

/// Source and targets, which some protocols have in place of --datasets.
void fill_in_source(SweepSpec& spec, const options::variables_map& values) {
  const bool has_source = spec.protocol == Protocol::cross_dataset || spec.protocol == Protocol::domain;
  for (const char* option : {"source", "targets"}) {
    if (!has_source && values.count(option) > 0)
      throw Error(fmt::format("--{}: is for the protocols cross-dataset and domain; give --datasets for {}",
                              option, to_string(spec.protocol)));
  }
  if (!has_source) return;
  if (!values["datasets"].defaulted())
    throw Error(fmt::format("--datasets: {} has --source and --targets instead", to_string(spec.protocol)));
  const auto text_or_empty = [&](const char* name) {
    return values.count(name) > 0 ? values[name].as<std::string>() : "";
  };
  choose_source(spec, {.source = text_or_empty("source"), .targets = text_or_empty("targets")});
}

void fill_in(SweepSpec& spec, const options::variables_map& values) {
  const auto text = [&](const char* name) { return values[name].as<std::string>(); };
  read_input_options(spec, values);
  spec.methods = split_list("--methods", text("methods"));
  spec.seeds = split_numbers("--seeds", text("seeds"));
  spec.protocol = parse_protocol(text("protocol"));
  const bool curves = spec.protocol == Protocol::few_shot;
  spec.shots = split_numbers("--shots", values.count("shots") > 0 ? text("shots") : curves ? kCurve : kUsual);
  if (spec.retries < 0 || spec.retries > kMostRetries)
    throw Error(fmt::format("--retries {}: give 0 to {}", spec.retries, kMostRetries));
  fill_in_source(spec, values);
  if (values.count("draws") > 0) {
    for (const std::string& file : values["draws"].as<std::vector<std::string>>())
      spec.draws.emplace_back(file);
  }
  spec.ledger = text("db");
  if (values.count("plugins") > 0) spec.plugins = {text("plugins")};
  if (values.count("epochs") > 0) spec.epochs = values["epochs"].as<int64_t>();
  if (values.count("batch-size") > 0) spec.batch_size = values["batch-size"].as<int64_t>();
  if (values.count("lr") > 0) spec.learning_rate = values["lr"].as<double>();
  spec.jobs = positive(values, "jobs", std::min(kDefaultMostJobs, count_cores()), kMostJobs);
  spec.threads = positive(values, "threads", std::max<int64_t>(1, count_cores() / spec.jobs), kMostThreads);
}

/// Runs for workers, one a line: the id, and how often it had been tried when the sweep was planned.
std::vector<std::string> lines_for_workers(const std::vector<const PlannedRun*>& runs) {
  std::vector<std::string> lines;
  for (const PlannedRun* run : runs) lines.push_back(fmt::format("{} {}", run->id, run->attempts()));
  return lines;
}

/// A worker of a sweep: does those of the plan's runs that stand on standard input. What
/// goes wrong with a run stands in the ledger, where the sweep reads it.
int work(Plan plan, Workbench& bench) {
  leave_crashes_alone();  // the sweep says whose they were
  std::map<std::string, int64_t> attempts;
  for (std::pair<std::string, int64_t> line; std::cin >> line.first >> line.second;) attempts.insert(line);
  std::vector<const PlannedRun*> runs;
  for (PlannedRun& run : plan.runs) {
    const auto found = attempts.find(run.id);
    if (found == attempts.end()) continue;
    if (run.state) run.state->attempts = found->second;
    runs.push_back(&run);
  }
  try {
    do_runs(runs, bench);
  } catch (const Interrupted&) {
    return kInterrupted;  // the sweep says so
  }
  return kAllDone;
}

std::string summary(const Plan& plan, const SweepReport& report) {
  std::vector<std::string> parts;
  if (report.made > 0) parts.push_back(fmt::format("{} done now", report.made));
  if (report.present > 0) parts.push_back(fmt::format("{} done before", report.present));
  if (report.elsewhere > 0) parts.push_back(fmt::format("{} not done here", report.elsewhere));
  if (report.left_out > 0) parts.push_back(fmt::format("{} left out", report.left_out));
  if (!report.failures.empty()) parts.push_back(fmt::format("{} failed", report.failures.size()));
  return fmt::format("{} runs: {}", plan.runs.size(), fmt::join(parts, ", "));
}

/// One line for each reason, however many runs it stopped.
void print_failures(const SweepReport& report) {
  std::map<std::string, std::vector<std::string>> runs_of;
  for (const Failure& failure : report.failures) runs_of[failure.reason].push_back(failure.run);
  for (const auto& [reason, runs] : runs_of) {
    const std::string others = runs.size() > 1 ? fmt::format(" and {} more", runs.size() - 1) : "";
    fmt::print(stderr, "failed: {}{}: {}\n", runs.front(), others, reason);
  }
  for (const std::string& accident : report.accidents) fmt::print(stderr, "failed: {}\n", accident);
  if (report.elsewhere == 0) return;
  fmt::print(stderr, "not done here: {} runs {}\n", report.elsewhere,
             report.accidents.empty()
                 ? "that another process has taken; wait for it and sweep again (runner runs list)"
                 : "that no worker was left for; sweep again");
}

int sweep(Plan& plan, Workbench& bench, const Arguments& arguments) {
  const auto start_workers = [&](const std::vector<const PlannedRun*>& runs, int64_t jobs,
                                 const std::function<Watch()>& watch, const AfterWorkerRuns& after_worker) {
    Arguments words = {"runner", "sweep"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    words.emplace_back(kWorker);
    run_workers(words, lines_for_workers(runs), jobs, watch,
                [&](const WorkerEnd& end) -> std::optional<std::vector<std::string>> {
                  const std::vector<const PlannedRun*> others = after_worker(end);
                  if (others.empty()) return std::nullopt;
                  return lines_for_workers(others);
                });
  };
  const SweepReport report = run_sweep(plan, bench, start_workers, std::cerr);
  print_failures(report);
  fmt::print("{}\n", summary(plan, report));
  if (report.left_out > 0)
    fmt::print(stderr, "left out after the first failure, as --fail-fast asks: {} runs\n", report.left_out);
  const bool all_done = report.failures.empty() && report.elsewhere == 0 && report.accidents.empty();
  return all_done ? kAllDone : kSomeFailed;
}

}  // namespace

int sweep_command(const Arguments& arguments) {
  const bool is_worker = !arguments.empty() && arguments.back() == kWorker;
  SweepSpec spec;
  const auto values =
      parse_arguments({arguments.begin(), arguments.end() - (is_worker ? 1 : 0)}, describe(spec), kUsage);
  if (!values) return kAllDone;
  fill_in(spec, *values);
  at::set_num_threads(static_cast<int>(spec.threads));

  Workbench bench(std::move(spec));
  Plan plan = plan_sweep(bench);
  if (is_worker) return work(std::move(plan), bench);
  for (const auto& dataset : plan.datasets) print_notes(dataset->split);
  for (const std::string& complaint : bench.registry().complaints())
    std::cerr << "warning: " << complaint << '\n';
  for (const std::string& warning : plugin_warnings(plan, bench)) std::cerr << "warning: " << warning << '\n';
  if ((*values)["dry-run"].as<bool>()) {
    fmt::print("{}", render_text(dry_run_table(plan, bench)));
    return kAllDone;
  }
  return sweep(plan, bench, arguments);
}

}  // namespace promptbed
