#include "cli/records/runs_commands.h"

namespace promptbed {
namespace {

const Subcommands kRuns = {"runs", "runner runs list|show|diff|export|release|delete [OPTIONS]",
                           "The runs in the ledger. A run is named by its id, or a prefix of it.\n\n"
                           "  list     one row per run\n"
                           "  show     everything known about a run\n"
                           "  diff     what differs between two runs: settings, scores, how they were made\n"
                           "  export   their epochs and scores as CSV, JSON Lines or TensorBoard's files\n"
                           "  release  frees runs of a dead process on another host or in another container\n"
                           "  delete   removes runs, so that the next sweep repeats them"};

}  // namespace

int runs_command(const Arguments& arguments) {
  return run_subcommand(kRuns, arguments,
                        {{"list", list_runs_command},
                         {"show", show_run},
                         {"diff", diff_runs},
                         {"export", export_runs},
                         {"release", release_runs},
                         {"delete", delete_runs}});
}

Ledger open_ledger(const Values& values) {
  return Ledger::open_existing(ledger_path(values));
}

}  // namespace promptbed
