#include "base/files.h"
#include "cli/records/report_options.h"
#include "cli/records/runs_commands.h"
#include "report/exports/exports.h"
#include "report/select/filters.h"

namespace promptbed {
namespace {

enum class ExportFormat { csv, json_lines, tensorboard };

Subcommand runs_export_description() {
  return {
      .usage = "runner runs export [OPTIONS]",
      .explanation =
          "Finished runs with their epochs and scores, for other programs: csv has a number a line,\n"
          "jsonl a run a line, tensorboard a file of events for each run below the folder --output.\n\n"
          "  runner runs export --output runs.csv\n"
          "  runner runs export --methods coop,cocoop --format jsonl --output runs.jsonl\n"
          "  runner runs export --format tensorboard --output tensorboard",
      .options = {{"options",
                   {{"format", "F", "csv, jsonl or tensorboard", ValueKind::text, "csv"},
                    shared("output", ", or below this folder (tensorboard); default: standard output"),
                    shared("methods", "; default: all"),
                    shared("datasets", "; trained on; default: all"),
                    shared("shots", "; default: all"),
                    shared("seeds", "; default: all"),
                    shared("where"),
                    shared("fingerprint"),
                    {"protocol", "P",
                     "base-new, open-world, few-shot, cross-dataset or domain: one that asked for the runs; "
                     "default: any"},
                    shared("db")}}}};
}

}  // namespace

int export_runs(const Arguments& arguments) {
  const std::optional<Values> values = parse(arguments, runs_export_description());
  if (!values) return kAllDone;
  const auto format = values->one_of<ExportFormat>("format", {{"csv", ExportFormat::csv},
                                                              {"jsonl", ExportFormat::json_lines},
                                                              {"tensorboard", ExportFormat::tensorboard}});
  const std::string output = output_file(*values);
  if (format == ExportFormat::tensorboard && output.empty())
    throw Error("--format tensorboard: is a folder of files; name it with --output FOLDER");
  std::optional<Protocol> protocol;
  if (values->given("protocol")) protocol = protocol_of(*values);
  const ReportQuery query = read_run_filters(*values);
  const Ledger ledger = open_ledger(*values);
  const Snapshot snapshot(ledger);
  const Runs runs = found_runs(snapshot, query, protocol, RunStatus::done);
  if (runs.empty()) {
    throw Error(fmt::format(
        "{}: holds no finished run with these choices; leave some out, or run `runner sweep` first",
        ledger.path().string()));
  }
  warn_of_unmatched(snapshot, query);
  if (format == ExportFormat::tensorboard) {
    export_tensorboard(snapshot, runs, output);
    fmt::print("{} written below {}; tensorboard --logdir {} shows them\n", plural(runs.size(), "run"),
               output, output);
    return kAllDone;
  }
  const std::string text =
      format == ExportFormat::csv ? export_csv(snapshot, runs) : export_json_lines(snapshot, runs);
  if (output.empty()) {
    fmt::print("{}", text);
  } else {
    write_file(output, text);
  }
  return kAllDone;
}

}  // namespace promptbed
