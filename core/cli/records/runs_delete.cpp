#include <set>

#include "cli/records/runs_commands.h"
#include "results/run_files.h"

namespace promptbed {

int delete_runs(const Arguments& arguments) {
  const std::optional<Values> values = parse(
      arguments,
      {.usage = "runner runs delete ID... [OPTIONS]",
       .explanation =
           "Removes runs from the ledger, with their scores, prompts, checkpoints and logs, so that the\n"
           "next sweep repeats them.\n\n"
           "  runner runs delete 4f1d 93ab",
       .options = {{"options", {shared("db")}}},
       .takes_arguments = true});
  if (!values) return kAllDone;
  if (values->arguments().empty())
    throw Error("runner runs delete needs the ids of runs; see runner runs list");
  Ledger ledger = Ledger::open_existing(ledger_path(*values), Access::write);
  std::set<std::string> runs;  // all of them are found before one is removed
  for (const std::string& id : values->arguments()) runs.insert(ledger.find(id).id);
  for (const std::string& run : runs) {
    const std::string removed = ledger.remove(run);
    remove_run_files(ledger.path(), removed);
    fmt::print("deleted {}\n", removed);
  }
  return kAllDone;
}

}  // namespace promptbed
