#include "base/files.h"
#include "base/text.h"
#include "cli/options.h"
#include "results/ledger_check.h"
#include "results/ledger_merge.h"
#include "table/table.h"

namespace promptbed {
namespace {

const Subcommands kLedger = {
    "ledger", "runner ledger SUBCOMMAND [OPTIONS]",
    "The ledger of runs as a whole.\n\n"
    "  check  that nothing in the ledger has changed, and that the files beside it belong to its runs\n"
    "  merge  brings the runs of other ledgers into one: of shards, or of other machines"};

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
  const std::string ledger = ledger_path(*values);
  const std::vector<std::string> findings = check_ledger(ledger);
  for (const std::string& finding : findings) fmt::print("{}\n", printable(finding));
  if (findings.empty()) fmt::print("{}: all is well\n", ledger);
  return findings.empty() ? kAllDone : kSomeFailed;
}

/// "shards/2.db: 12 runs taken, 1 joined, 3 there already"
std::string merge_text(const std::string& ledger, const MergeSummary& summary) {
  std::string text =
      fmt::format("{}: {} taken", printable(ledger), plural(static_cast<size_t>(summary.taken), "run"));
  for (const auto& [runs, what] : {std::pair(summary.joined, "joined"),
                                   {summary.present, "there already"},
                                   {summary.running, "left out, since a process has them"}}) {
    if (runs > 0) text += fmt::format(", {} {}", runs, what);
  }
  return text;
}

int merge_command(const Arguments& arguments) {
  const std::optional<Values> values = parse(
      arguments,
      {.usage = "runner ledger merge LEDGER... --into LEDGER",
       .explanation =
           "Brings the runs of ledgers into one, with their tests, prompts and logs: those of the shards\n"
           "of a sweep, or of several machines. Run ids are hashes of content, so a run that is in both\n"
           "must have the same numbers; tests that one of them lacks are joined. A ledger that\n"
           "contradicts it is refused as a whole, and the run is named. Merging once more changes "
           "nothing.\n\n"
           "  runner ledger merge runs/promptbed.shard-*.db --into runs/promptbed.db",
       .options = {{"options",
                    {required({"into", "LEDGER", "the ledger to merge into; made if it is not there"})}}},
       .takes_arguments = true});
  if (!values) return kAllDone;
  if (values->arguments().empty())
    throw Error("runner ledger merge needs the ledgers to merge; give their paths");
  int code = kAllDone;
  for (const std::string& ledger : values->arguments()) {
    try {
      const MergeSummary summary = merge_ledger(behind_links(ledger), behind_links(values->text("into")));
      for (const std::string& note : summary.notes) fmt::print(stderr, "note: {}\n", printable(note));
      fmt::print("{}\n", merge_text(ledger, summary));
    } catch (const Error& fault) {  // the others are merged all the same
      fmt::print(stderr, "failed: {}\n", printable(fault.what()));
      code = kSomeFailed;
    }
  }
  return code;
}

}  // namespace

int ledger_command(const Arguments& arguments) {
  return run_subcommand(kLedger, arguments, {{"check", check_command}, {"merge", merge_command}});
}

}  // namespace promptbed
