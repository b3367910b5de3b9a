#include "cli/tensors/sweep_options.h"

#include <algorithm>
#include <iostream>

#include "cli/tensors/input_options.h"

namespace promptbed {
namespace {

constexpr int64_t kDefaultMostJobs = 8;
constexpr int64_t kMostJobs = 256;
constexpr int64_t kMostRetries = 100;

// Training images per class: the papers' tables, and the CoOp paper's few-shot curves.
constexpr const char* kUsual = "16";
constexpr const char* kCurve = "1,2,4,8,16";

/// Source and targets, which replace --datasets in some protocols.
void fill_in_source(SweepSpec& spec, const options::variables_map& values) {
  const bool with_source = has_source(spec.protocol);
  for (const char* option : {"source", "targets"}) {
    if (!with_source && values.count(option) > 0)
      throw Error(fmt::format("--{}: is for the protocols cross-dataset and domain; give --datasets for {}",
                              option, to_string(spec.protocol)));
  }
  if (!with_source) return;
  if (!values["datasets"].defaulted())
    throw Error(fmt::format("--datasets: {} has --source and --targets instead", to_string(spec.protocol)));
  const auto text_or_empty = [&](const char* name) {
    return values.count(name) > 0 ? values[name].as<std::string>() : "";
  };
  choose_source(spec, {.source = text_or_empty("source"), .targets = text_or_empty("targets")});
}

}  // namespace

options::options_description describe_sweep_options(SweepSpec& spec) {
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
      "dataset that cross-dataset and domain train on; default: imagenet, or the suite's first suitable one");
  add("targets", text("D,..."), "datasets that they test besides it; default: all others");
  add("draws", options::value<std::vector<std::string>>()->value_name("FILE")->composing(),
      "a draw from runner datasets draw or import-draw, for its dataset, shots and seed; may be repeated");
  add("db", text("FILE")->default_value("runs/promptbed.db"), "ledger of runs and scores");
  add("plugins", text("FOLDER"), "one more folder of plugins");
  add("set", options::value<std::vector<std::string>>(&spec.assignments)->value_name("M.O=V")->composing(),
      "option of a method, such as coop.n_ctx=16; of several values (coop.n_ctx=4,16) each is tried; may be "
      "repeated");
  add("epochs", options::value<int64_t>()->value_name("N"), "instead of the method's recipe");
  add("batch-size", options::value<int64_t>()->value_name("N"), "instead of the method's recipe");
  add("lr", options::value<double>()->value_name("X"), "learning rate, instead of the method's recipe");
  add("jobs", options::value<int64_t>()->value_name("N"),
      "runs made at the same time, each in its own process; default: one per core, at most 8");
  add("threads", options::value<int64_t>()->value_name("N"),
      "of each job; default: the cores shared among the jobs");
  add("retries", options::value<int64_t>(&spec.retries)->value_name("N")->default_value(0),
      "how often a failed run is tried again");
  add("fail-fast", options::bool_switch(&spec.fail_fast), "stop at the first failure");
  add("force", options::bool_switch(&spec.force), "make finished runs once more");
  add("dry-run", options::bool_switch(), "show what would be done, and do nothing");
  described.add(describe_input_options(spec));
  return described;
}

void read_sweep_options(SweepSpec& spec, const options::variables_map& values) {
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

void print_warnings(const Plan& plan) {
  for (const auto& dataset : plan.datasets) print_notes(dataset->split);
  for (const std::string& warning : plan.warnings) std::cerr << "warning: " << warning << '\n';
}

void print_shortcomings(const SweepOutcome& outcome) {
  for (const std::string& line : shortcomings(outcome)) std::cerr << line << '\n';
}

}  // namespace promptbed
