#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <iostream>

#include "cli/command.h"
#include "cli/tensors/sweep_options.h"
#include "cli/tensors/sweep_workers.h"
#include "sweep/dry_run.h"
#include "sweep/plan.h"
#include "table/render.h"

namespace promptbed {
namespace {

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

std::string summary(const Plan& plan, const SweepReport& report) {
  std::vector<std::string> parts;
  if (report.made > 0) parts.push_back(fmt::format("{} done now", report.made));
  if (report.present > 0) parts.push_back(fmt::format("{} done before", report.present));
  if (report.elsewhere > 0) parts.push_back(fmt::format("{} not done here", report.elsewhere));
  if (report.left_out > 0) parts.push_back(fmt::format("{} left out", report.left_out));
  if (!report.failures.empty()) parts.push_back(fmt::format("{} failed", report.failures.size()));
  return fmt::format("{} runs: {}", plan.runs.size(), fmt::join(parts, ", "));
}

int sweep(Plan& plan, Workbench& bench, const Arguments& arguments) {
  const SweepReport report = run_sweep(plan, bench, sweep_workers(arguments), std::cerr);
  print_failures(report);
  fmt::print("{}\n", summary(plan, report));
  if (report.left_out > 0)
    fmt::print(stderr, "left out after the first failure, as --fail-fast asks: {} runs\n", report.left_out);
  const bool all_done = report.failures.empty() && report.elsewhere == 0 && report.accidents.empty();
  return all_done ? kAllDone : kSomeFailed;
}

}  // namespace

int sweep_command(const Arguments& arguments) {
  const bool is_worker = !arguments.empty() && arguments.back() == kSweepWorker;
  SweepSpec spec;
  const auto values = parse_arguments({arguments.begin(), arguments.end() - (is_worker ? 1 : 0)},
                                      describe_sweep_options(spec), kUsage);
  if (!values) return kAllDone;
  read_sweep_options(spec, *values);
  at::set_num_threads(static_cast<int>(spec.threads));

  Workbench bench(std::move(spec));
  Plan plan = plan_sweep(bench);
  if (is_worker) return do_work_of_sweep(std::move(plan), bench);
  print_warnings(plan, bench);
  if ((*values)["dry-run"].as<bool>()) {
    fmt::print("{}", render_text(dry_run_table(plan, bench)));
    return kAllDone;
  }
  return sweep(plan, bench, arguments);
}

}  // namespace promptbed
