#include "cli/records/runs_commands.h"
#include "results/run_record.h"

namespace promptbed {
namespace {

const Usage kUsage = {
    "runner runs delete ID... [OPTIONS]",
    "Takes runs out of the ledger, with their scores, trained prompts and logs, so that the next\n"
    "sweep does them again.\n\n"
    "  runner runs delete 4f1d 93ab"};

}  // namespace

int delete_runs(const Arguments& arguments) {
  options::options_description described("options", 110, 60);
  add_ledger_option(described);
  const auto values = parse_arguments(arguments, described, kUsage, /*takes_words=*/true);
  if (!values) return kAllDone;
  const Arguments ids = words_of(*values);
  if (ids.empty()) throw Error("runner runs delete needs the ids of runs; see runner runs list");
  Ledger ledger = open_ledger(*values);
  for (const std::string& id : ids) {
    const std::string removed = ledger.remove(id);
    std::filesystem::remove(prompt_path(ledger.path(), removed));
    std::filesystem::remove(log_path(ledger.path(), removed));
    fmt::print("deleted {}\n", removed);
  }
  return kAllDone;
}

}  // namespace promptbed
