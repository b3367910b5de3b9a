#include "base/text.h"
#include "cli/options.h"
#include "results/ledger_check.h"

namespace promptbed {
namespace {

const Subcommands kLedger = {
    "ledger", "runner ledger check [OPTIONS]",
    "The ledger of runs as a whole.\n\n"
    "  check  that nothing in the ledger has changed, and that the files beside it belong to its runs"};

int check_command(const Arguments& arguments) {
  const std::optional<Values> values =
      parse(arguments,
            {.usage = "runner ledger check [OPTIONS]",
             .explanation =
                 "Checks the database, every row (its seal, a run's id, a score's counts), and that the\n"
                 "prompts and logs beside it are there and belong to its runs. Changes nothing. Prints a "
                 "line for each finding and exits with 1 if there is\n"
                 "any.\n\n"
                 "  runner ledger check --db runs/promptbed.db",
             .options = {{"options", {shared("db")}}}});
  if (!values) return kAllDone;
  const std::string ledger = values->text("db");
  const std::vector<std::string> findings = check_ledger(ledger);
  for (const std::string& finding : findings) fmt::print("{}\n", printable(finding));
  if (findings.empty()) fmt::print("{}: all is well\n", ledger);
  return findings.empty() ? kAllDone : kSomeFailed;
}

}  // namespace

int ledger_command(const Arguments& arguments) {
  return run_subcommand(kLedger, arguments, {{"check", check_command}});
}

}  // namespace promptbed
