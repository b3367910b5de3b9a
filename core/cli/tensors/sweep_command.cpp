#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <iostream>

#include "cli/command.h"
#include "cli/tensors/sweep_options.h"
#include "sweep/plan.h"
#include "sweep/sweep.h"
#include "sweep/workers.h"
#include "table/render_text.h"

namespace promptbed {
namespace {

const Usage kUsage = {
    "runner sweep --methods M,... [OPTIONS]",
    "Trains and tests methods over datasets, shots and seeds: on the embedded suite pocket, with its own\n"
    "model and features, or on your --model and --data. Image features are extracted once and cached, every\n"
    "score goes into the ledger, and nothing that is finished is done again: a prompt is trained once,\n"
    "whatever it is tested on. Each run has a log, logs/ID.log beside the ledger.\n\n"
    "  runner sweep --methods clip_zeroshot,coop,cocoop\n"
    "  runner sweep --methods clip_zeroshot,coop,cocoop --datasets all --model models/ViT-B-16 --data data\n"
    "  runner sweep --methods clip_zeroshot,coop --protocol few-shot\n"
    "  runner sweep --methods coop,cocoop --protocol cross-dataset --source devices\n"
    "  runner sweep --methods coop --set coop.n_ctx=4,8,16 --dry-run"};

}  // namespace

int sweep_command(const Arguments& arguments) {
  if (arguments == Arguments{kWorkerArgument}) return work_for_sweep() ? kAllDone : kInterrupted;
  SweepSpec spec;
  const auto values = parse_arguments(arguments, describe_sweep_options(spec), kUsage);
  if (!values) return kAllDone;
  read_sweep_options(spec, *values);
  at::set_num_threads(static_cast<int>(spec.threads));

  Workbench bench(spec);
  const Plan plan = plan_sweep(spec, bench);
  print_warnings(plan);
  if ((*values)["dry-run"].as<bool>()) {
    fmt::print("{}", render_text(dry_run_table(plan, spec, bench.inputs())));
    return kAllDone;
  }
  const SweepOutcome outcome = run_sweep(
      plan, spec, bench,
      [&](JobQueue& queue) { run_local_workers(queue, bench.spec(), {.count = spec.jobs}); }, std::cerr);
  print_shortcomings(outcome);
  fmt::print("{}\n", summary(outcome, plan));
  return is_complete(outcome) ? kAllDone : kSomeFailed;
}

}  // namespace promptbed
