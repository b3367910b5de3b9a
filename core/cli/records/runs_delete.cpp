#include "cli/records/runs_commands.h"
#include "results/run_record.h"

namespace promptbed {

int delete_runs(const Arguments& arguments) {
  const std::optional<Values> values =
      parse(arguments,
            {.usage = "runner runs delete ID... [OPTIONS]",
             .explanation =
                 "Removes runs from the ledger, with their scores, trained prompts and logs, so that the\n"
                 "next sweep repeats them.\n\n"
                 "  runner runs delete 4f1d 93ab",
             .options = {{"options", {shared("db")}}},
             .takes_arguments = true});
  if (!values) return kAllDone;
  if (values->arguments().empty())
    throw Error("runner runs delete needs the ids of runs; see runner runs list");
  Ledger ledger = open_ledger(*values);
  for (const std::string& id : values->arguments()) {
    const std::string removed = ledger.remove(id);
    std::filesystem::remove(prompt_path(ledger.path(), removed));
    std::filesystem::remove(log_path(ledger.path(), removed));
    fmt::print("deleted {}\n", removed);
  }
  return kAllDone;
}

}  // namespace promptbed
