#include "cli/records/runs_commands.h"

namespace promptbed {

int release_runs(const Arguments& arguments) {
  const std::optional<Values> values =
      parse(arguments,
            {.usage = "runner runs release ID... [OPTIONS]",
             .explanation =
                 "Takes runs from a process that is gone but cannot be seen to be, since it ran on another\n"
                 "host or in another container, so that the next sweep makes them. What it finished of a\n"
                 "run is kept. Runs of a living process on this host are refused.\n\n"
                 "  runner runs release 4f1d 93ab",
             .options = {{"options", {shared("db")}}},
             .takes_arguments = true});
  if (!values) return kAllDone;
  if (values->arguments().empty())
    throw Error("runner runs release needs the ids of runs; see runner runs list --status running");
  Ledger ledger = Ledger::open_existing(ledger_path(*values), Access::write);
  for (const std::string& id : values->arguments()) fmt::print("released {}\n", ledger.give_up(id));
  return kAllDone;
}

}  // namespace promptbed
