#include <nlohmann/json.hpp>

#include "cli/records/runs_commands.h"
#include "report/grid/runs.h"
#include "table/render.h"

namespace promptbed {
namespace {

const Usage kUsage = {
    "runner runs list [OPTIONS]",
    "A line a run, with its accuracies on its own dataset: runner report --table runs, also for\n"
    "a status or a protocol.\n\n"
    "  runner runs list --status failed\n"
    "  runner runs list --methods coop --protocol few-shot --where n_ctx=4 --format csv"};

options::options_description describe() {
  options::options_description described("options", 110, 60);
  auto add = described.add_options();
  const auto text = [](const char* name) { return options::value<std::string>()->value_name(name); };
  add("methods", text("M,..."), "default: all");
  add("datasets", text("D,..."), "that the runs were trained on; default: all");
  add("shots", text("N,..."), "training images per class; default: all");
  add("seeds", text("N,..."), "default: all");
  add("where", options::value<std::vector<std::string>>()->value_name("[M.]SETTING=V,...")->composing(),
      "only runs with this setting, such as n_ctx=4; may be repeated");
  add("status", text("S"), "running, done or failed; default: any");
  add("protocol", text("P"), "that asked for the runs; default: any");
  add("model", text("FINGERPRINT"), "the model's fingerprint or a prefix of it");
  add("format", text("F")->default_value("text"), "text, csv or json");
  add_ledger_option(described);
  return described;
}

ReportQuery read_query(const options::variables_map& values) {
  const auto given = [&](const char* name) { return values.count(name) > 0; };
  const auto text = [&](const char* name) { return values[name].as<std::string>(); };
  ReportQuery query;
  if (given("methods")) query.methods = split_list("--methods", text("methods"));
  if (given("datasets")) query.datasets = split_list("--datasets", text("datasets"));
  if (given("shots")) query.shots = split_numbers("--shots", text("shots"));
  if (given("seeds")) query.seeds = split_numbers("--seeds", text("seeds"));
  if (given("model")) query.model = text("model");
  if (given("where")) {
    for (const std::string& condition : values["where"].as<std::vector<std::string>>())
      query.where.push_back(parse_condition(condition));
  }
  return query;
}

std::optional<Protocol> chosen_protocol(const options::variables_map& values) {
  if (values.count("protocol") == 0) return std::nullopt;
  return parse_protocol(values["protocol"].as<std::string>());
}

std::optional<RunStatus> chosen_status(const options::variables_map& values) {
  if (values.count("status") == 0) return std::nullopt;
  return one_of<RunStatus>(
      "--status", values["status"].as<std::string>(),
      {{"running", RunStatus::running}, {"done", RunStatus::done}, {"failed", RunStatus::failed}});
}

}  // namespace

int list_runs_command(const Arguments& arguments) {
  const auto values = parse_arguments(arguments, describe(), kUsage);
  if (!values) return kAllDone;
  enum class Format { text, csv, json };
  const auto format = one_of<Format>("--format", (*values)["format"].as<std::string>(),
                                     {{"text", Format::text}, {"csv", Format::csv}, {"json", Format::json}});
  const ReportQuery query = read_query(*values);
  const auto protocol = chosen_protocol(*values);
  const auto status = chosen_status(*values);
  const Ledger ledger = open_ledger(*values);
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
