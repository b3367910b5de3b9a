#include <nlohmann/json.hpp>

#include "cli/records/runs_commands.h"
#include "report/select/run_list.h"
#include "table/render_csv.h"
#include "table/render_json.h"
#include "table/render_text.h"
#include "table/text_style.h"

namespace promptbed {
namespace {

const Usage kUsage = {"runner runs list [OPTIONS]",
                      "One line a run, with its accuracy on its own dataset.\n\n"
                      "  runner runs list --status failed\n"
                      "  runner runs list --methods coop --protocol few-shot --where n_ctx=4 --format csv"};

options::options_description describe() {
  options::options_description described("options", 110, 60);
  auto add = described.add_options();
  const auto text = [](const char* name) { return options::value<std::string>()->value_name(name); };
  add("methods", text("M,..."), "default: all");
  add("datasets", text("D,..."), "that the runs are trained on; default: all");
  add("shots", text("N,..."), "training images per class; default: all");
  add("seeds", text("N,..."), "default: all");
  add("where", options::value<std::vector<std::string>>()->value_name("[M.]SETTING=V,...")->composing(),
      "only runs with this setting, such as n_ctx=4; may be repeated");
  add("status", text("S"), "running, done or failed; default: any");
  add("protocol", text("P"), "one that asked for the runs; default: any");
  add("model", text("FINGERPRINT"), "the model's fingerprint or how it begins");
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

/// "" for any.
std::string chosen_protocol(const options::variables_map& values) {
  if (values.count("protocol") == 0) return "";
  return std::string(to_string(parse_protocol(values["protocol"].as<std::string>())));
}

std::optional<RunStatus> chosen_status(const options::variables_map& values) {
  if (values.count("status") == 0) return std::nullopt;
  return one_of<RunStatus>(
      "--status", values["status"].as<std::string>(),
      {{"running", RunStatus::running}, {"done", RunStatus::done}, {"failed", RunStatus::failed}});
}

/// What a run got on the classes of its own dataset.
class Accuracies {
 public:
  explicit Accuracies(const Ledger& ledger) {
    for (const RunScore& entry : ledger.scores()) {
      cells_[{entry.run, entry.score.dataset, entry.score.class_set}] =
          Cell(fmt::format("{:.2f}", entry.score.accuracy), entry.score.accuracy);
    }
    for (const RunRefusal& entry : ledger.refusals())
      cells_.emplace(Place{entry.run, entry.refusal.dataset, entry.refusal.class_set}, "cannot");
  }

  Cell of(const RunRecord& run, const char* class_set) const {
    const auto found = cells_.find({run.id, run.spec.dataset, class_set});
    return found == cells_.end() ? Cell("-") : found->second;
  }

 private:
  using Place = std::tuple<std::string, std::string, std::string>;  // run, dataset, class set

  std::map<Place, Cell> cells_;
};

Table table_of(const std::vector<RunRecord>& runs, const Ledger& ledger) {
  const Accuracies accuracies(ledger);
  Table table;
  table.title = fmt::format("{} runs in {}", runs.size(), ledger.path().string());
  table.columns = {{"Id", Alignment::left},
                   {"Method", Alignment::left},
                   {"Dataset", Alignment::left},
                   {"Shots"},
                   {"Seed"},
                   {"Status", Alignment::left},
                   {"Base"},
                   {"New"},
                   {"All"},
                   {"Ended (UTC)", Alignment::left}};
  for (const RunRecord& run : runs) {
    const bool trained = !run.spec.classes.empty();
    table.rows.push_back(
        {run.id, run.spec.method, run.spec.dataset, trained ? count(run.spec.shots) : Cell("-"),
         trained ? count(run.spec.seed) : Cell("-"), std::string(to_string(run.status)),
         accuracies.of(run, "base"), accuracies.of(run, "new"), accuracies.of(run, "all"), run.ended});
    if (!run.error.empty()) table.notes.push_back(fmt::format("{}: {}", run.id, run.error));
  }
  return table;
}

}  // namespace

int list_runs_command(const Arguments& arguments) {
  const auto values = parse_arguments(arguments, describe(), kUsage);
  if (!values) return kAllDone;
  enum class Format { text, csv, json };
  const auto format = one_of<Format>("--format", (*values)["format"].as<std::string>(),
                                     {{"text", Format::text}, {"csv", Format::csv}, {"json", Format::json}});
  const ReportQuery query = read_query(*values);
  const std::string protocol = chosen_protocol(*values);
  const auto status = chosen_status(*values);
  const Ledger ledger = open_ledger(*values);
  const Table table = table_of(list_runs(ledger, query, protocol, status), ledger);
  if (format == Format::text) {
    fmt::print("{}", render_text(table, output_style()));
  } else {
    fmt::print("{}", format == Format::csv ? render_csv(table) : render_json(table, to_json(query)));
  }
  return kAllDone;
}

}  // namespace promptbed
