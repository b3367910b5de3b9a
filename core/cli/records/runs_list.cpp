#include <nlohmann/json.hpp>

#include "cli/options.h"
#include "cli/records/runs_commands.h"
#include "report/grid/runs.h"
#include "table/render.h"

namespace promptbed {
namespace {

Subcommand describe() {
  return {.usage = "runner runs list [OPTIONS]",
          .explanation =
              "One line per run, with its accuracies on its own dataset: the table of runner report --table "
              "runs,\n"
              "also for a status or a protocol.\n\n"
              "  runner runs list --status failed\n"
              "  runner runs list --methods coop --protocol few-shot --where n_ctx=4 --format csv",
          .options = {{"options",
                       {shared("methods", "default: all"),
                        {"datasets", "D,...", "that the runs were trained on; default: all"},
                        shared("shots", "default: all"),
                        shared("seeds", "default: all"),
                        shared("where"),
                        {"status", "S", "running, done or failed; default: any"},
                        {"protocol", "P", "that asked for the runs; default: any"},
                        shared("fingerprint"),
                        shared("format"),
                        shared("db")}}},
          .retired = {{"model", "--fingerprint F"}}};
}

ReportQuery read_query(const Values& values) {
  ReportQuery query{.methods = values.items("methods"),
                    .datasets = values.items("datasets"),
                    .shots = values.numbers("shots"),
                    .seeds = values.numbers("seeds"),
                    .model = values.text("fingerprint")};
  for (const std::string& condition : values.texts("where"))
    query.where.push_back(parse_condition(condition));
  return query;
}

std::optional<Protocol> chosen_protocol(const Values& values) {
  if (!values.given("protocol")) return std::nullopt;
  std::vector<std::pair<std::string, Protocol>> known;
  for (const Protocol protocol : kProtocols) known.emplace_back(to_string(protocol), protocol);
  return values.one_of("protocol", known);
}

std::optional<RunStatus> chosen_status(const Values& values) {
  if (!values.given("status")) return std::nullopt;
  std::vector<std::pair<std::string, RunStatus>> known;
  for (const RunStatus status : {RunStatus::running, RunStatus::done, RunStatus::failed})
    known.emplace_back(to_string(status), status);
  return values.one_of("status", known);
}

}  // namespace

int list_runs_command(const Arguments& arguments) {
  const std::optional<Values> values = parse(arguments, describe());
  if (!values) return kAllDone;
  enum class Format { text, csv, json };
  const auto format = values->one_of<Format>(
      "format", {{"text", Format::text}, {"csv", Format::csv}, {"json", Format::json}});
  const ReportQuery query = read_query(*values);
  const auto protocol = chosen_protocol(*values);
  const auto status = chosen_status(*values);
  const Ledger ledger = Ledger::open_existing(values->text("db"));
  const Snapshot snapshot(ledger);
  const Runs runs = runs_in(snapshot, query, protocol, status);
  Report report = run_report(runs);
  if (format == Format::text) {
    report.table.notes = note_errors(runs);
    fmt::print("{}", render_text(report.table, output_style()));
  } else {
    fmt::print("{}", format == Format::csv ? render_csv(report.records)
                                           : render_json(report.records, to_json(query)));
  }
  return kAllDone;
}

}  // namespace promptbed
