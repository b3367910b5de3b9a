#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <set>

#include "cli/arguments.h"
#include "cli/command.h"
#include "data/suite.h"
#include "results/base_new_table.h"
#include "results/render_csv.h"
#include "results/render_text.h"

namespace promptbed {
namespace {

const Usage kUsage = {"runner report --table base-new [OPTIONS]",
                      "Prints a table of the ledger's results: accuracies in percent, means over seeds; "
                      "averages are means over the datasets,\n"
                      "and H is the harmonic mean of the base and new means that stand beside it.\n\n"
                      "  runner report --table base-new\n"
                      "  runner report --table base-new --methods coop,cocoop --format csv > base-new.csv"};

options::options_description describe(BaseNewQuery& query) {
  options::options_description described("options", 110, 60);
  auto add = described.add_options();
  const auto text = [](const char* name) { return options::value<std::string>()->value_name(name); };
  add("table", text("T")->required(), "base-new: base, new and H by dataset and method");
  add("format", text("F")->default_value("text"), "text, or csv with deviations, seeds and shots");
  add("methods", text("M,..."), "columns, in this order; default: all");
  add("datasets", text("D,..."), "rows, in this order; default: all, in their suite's order");
  add("suite", text("S"), "only the datasets of this suite");
  add("shots", options::value<int64_t>(&query.shots)->value_name("N")->default_value(16),
      "training images per class");
  add("seeds", text("N,..."), "seeds to take the means over; default: all");
  add("model", options::value<std::string>(&query.model)->value_name("FINGERPRINT"),
      "the model's fingerprint or how it begins, where the ledger has several");
  add("db", text("FILE")->default_value("runs/promptbed.db"), "ledger of runs and scores");
  return described;
}

/// The ledger's datasets: those of the suites in the suites' order, then all others; only `suite`'s where one
/// is named.
std::vector<std::string> ordered_datasets(const Ledger& ledger, const std::optional<std::string>& suite) {
  std::set<std::string> found;
  for (const RunRecord& run : ledger.list()) found.insert(run.spec.dataset);
  std::vector<std::string> ordered;
  const auto suites =
      suite ? std::vector<Suite>{read_suite(suites_folder(), *suite)} : read_suites(suites_folder());
  for (const Suite& one : suites) {
    for (const DatasetSpec& dataset : one.datasets) {
      if (found.erase(dataset.id) > 0) ordered.push_back(dataset.id);
    }
  }
  if (!suite) ordered.insert(ordered.end(), found.begin(), found.end());
  if (suite && ordered.empty())
    throw Error(fmt::format("no run on the datasets of suite {}; run the sweep first", *suite));
  return ordered;
}

}  // namespace

int report_command(const Arguments& arguments) {
  BaseNewQuery query;
  const auto values = parse_arguments(arguments, describe(query), kUsage);
  if (!values) return kAllDone;
  const auto text = [&, &options = *values](const char* name) -> std::optional<std::string> {
    if (options.count(name) == 0) return std::nullopt;
    return options[name].as<std::string>();
  };
  if (text("table") != "base-new") throw Error(fmt::format("--table {}: known: base-new", *text("table")));
  if (text("format") != "text" && text("format") != "csv") {
    throw Error(fmt::format("--format {}: known: text, csv", *text("format")));
  }
  const Ledger ledger = Ledger::open_existing(*text("db"));
  if (text("methods")) query.methods = split_list("--methods", *text("methods"));
  if (text("seeds")) query.seeds = split_numbers("--seeds", *text("seeds"));
  query.datasets = text("datasets") ? split_list("--datasets", *text("datasets"))
                                    : ordered_datasets(ledger, text("suite"));

  const BaseNewTable table = base_new_table(ledger, query);
  fmt::print("{}",
             text("format") == "csv" ? render_csv(table.to_long_table()) : render_text(table.to_table()));
  return kAllDone;
}

}  // namespace promptbed
