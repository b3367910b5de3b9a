#include <nlohmann/json.hpp>

#include "cli/records/report_options.h"
#include "cli/records/runs_commands.h"
#include "report/grid/runs.h"
#include "report/select/filters.h"
#include "table/render.h"

namespace promptbed {
int list_runs_command(const Arguments& arguments) {
  const std::optional<Values> values = parse(
      arguments,
      {.usage = "runner runs list [OPTIONS]",
       .explanation = "One row per run, with its accuracies on its own dataset: runner report --table runs,\n"
                      "with filters for status and protocol.\n\n"
                      "  runner runs list --status failed\n"
                      "  runner runs list --methods coop --protocol few-shot --where n_ctx=4 --format csv",
       .options = {{"options",
                    {shared("methods", "; default: all"),
                     shared("datasets", "; trained on; default: all"),
                     shared("shots", "; default: all"),
                     shared("seeds", "; default: all"),
                     shared("where"),
                     shared("fingerprint"),
                     {"status", "S", "running, done or failed; default: any"},
                     {"protocol", "P",
                      "base-new, open-world, few-shot, cross-dataset or domain: one that asked for the runs; "
                      "default: any"},
                     shared("format"),
                     shared("db")}}},
       .retired = {{"model", "--fingerprint F"}}});
  if (!values) return kAllDone;
  const OutputFormat format = values->one_of("format", kTextCsvJson);
  const ReportQuery query = read_run_filters(*values);
  std::optional<Protocol> protocol;
  if (values->given("protocol")) protocol = protocol_of(*values);
  std::optional<RunStatus> status;
  if (values->given("status")) {
    status = values->one_of<RunStatus>(
        "status",
        {{"running", RunStatus::running}, {"done", RunStatus::done}, {"failed", RunStatus::failed}});
  }
  const Ledger ledger = open_ledger(*values);
  const Snapshot snapshot(ledger);
  const Runs runs = found_runs(snapshot, query, protocol, status);
  warn_of_unmatched(snapshot, query);
  Report report = run_report(runs);
  if (format == OutputFormat::text) {
    report.table.notes = note_errors(runs);
    fmt::print("{}", render_text(report.table, output_style()));
  } else {
    fmt::print("{}", format == OutputFormat::csv ? render_csv(report.records)
                                                 : render_json(report.records, to_json(query)));
  }
  return kAllDone;
}

}  // namespace promptbed
