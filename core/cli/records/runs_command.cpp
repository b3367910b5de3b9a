#include "cli/records/runs_commands.h"

namespace promptbed {
namespace {

const Usage kUsage = {"runner runs list|show|diff|delete [OPTIONS]",
                      "The runs in the ledger.\n\n"
                      "  list    one line a run\n"
                      "  show    all that is known of a run\n"
                      "  diff    what two runs have different: settings, scores, how they were made\n"
                      "  delete  takes runs out, so that the next sweep does them again\n\n"
                      "A run is named by its id, of which the beginning will do where it is the only one. "
                      "Every word has its own\n"
                      "--help."};

}  // namespace

int runs_command(const Arguments& arguments) {
  return run_word(
      "runs", arguments, kUsage,
      {{"list", list_runs_command}, {"show", show_run}, {"diff", diff_runs}, {"delete", delete_runs}});
}

void add_ledger_option(options::options_description& described) {
  described.add_options()(
      "db", options::value<std::string>()->value_name("FILE")->default_value("runs/promptbed.db"),
      "ledger of runs and scores");
}

Ledger open_ledger(const options::variables_map& values) {
  return Ledger::open_existing(values["db"].as<std::string>());
}

}  // namespace promptbed
