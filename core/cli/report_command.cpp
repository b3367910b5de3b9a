#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <set>

#include "base/installation.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "data/own_dataset.h"
#include "data/suite.h"
#include "report/base_new_table.h"
#include "report/render_csv.h"
#include "report/render_text.h"
#include "report/versus.h"

namespace promptbed {
namespace {

const Usage kUsage = {"runner report --table base-new [OPTIONS]",
                      "Prints a table of the ledger's results: accuracies in percent, means over seeds; "
                      "averages are means over the datasets,\n"
                      "and H is the harmonic mean of the base and new means that stand beside it.\n\n"
                      "  runner report --table base-new\n"
                      "  runner report --table base-new --versus clip_zeroshot\n"
                      "  runner report --table base-new --methods coop,cocoop --format csv > base-new.csv"};

options::options_description describe(int64_t& shots) {
  options::options_description described("options", 110, 60);
  auto add = described.add_options();
  const auto text = [](const char* name) { return options::value<std::string>()->value_name(name); };
  add("table", text("T")->default_value("base-new"), "base-new: base, new and H by dataset and method");
  add("format", text("F")->default_value("text"), "text, or csv with deviations, seeds and shots");
  add("versus", text("METHOD"),
      "instead of accuracies, what the other methods gain over this one on the same datasets, with 95 % "
      "intervals");
  add("methods", text("M,..."), "columns, in this order; default: all");
  add("datasets", text("D,..."), "rows, in this order; default: all, in their suite's order");
  add("suite", text("S"), "the datasets of this suite; default: the one that the ledger has runs on");
  add("shots", options::value<int64_t>(&shots)->value_name("N"), "training images per class");
  add("seeds", text("N,..."), "seeds to take the means over; default: all");
  add("model", text("FINGERPRINT"), "the model's fingerprint or how it begins, where the ledger has several");
  add("db", text("FILE")->default_value("runs/promptbed.db"), "ledger of runs and scores");
  return described;
}

/// The suite that `id` names, or else the one whose datasets the ledger has; nothing where there is none.
/// Throws Error where there are several.
std::optional<Suite> reported_suite(const Ledger& ledger, const std::set<std::string>& found,
                                    const std::optional<std::string>& id) {
  if (id) return read_suite(datasets_folder(), *id);
  std::vector<Suite> suites = read_suites(datasets_folder());
  std::erase_if(suites, [&](const Suite& suite) {
    return std::ranges::none_of(suite.datasets,
                                [&](const auto& dataset) { return found.contains(dataset.id); });
  });
  if (suites.empty()) return std::nullopt;
  if (suites.size() > 1) {
    std::vector<std::string> ids;
    for (const Suite& suite : suites) ids.push_back(suite.id);
    throw Error(fmt::format("{}: has runs on the suites {}; choose one with --suite", ledger.path().string(),
                            fmt::join(ids, ", ")));
  }
  return suites.front();
}

/// The ledger's datasets: the suite's in its order, and, unless `suite` names it, those of no suite.
std::vector<std::string> ordered_datasets(const Ledger& ledger, const std::optional<std::string>& suite) {
  std::set<std::string> found;
  for (const RunRecord& run : ledger.list()) found.insert(run.spec.dataset);
  std::vector<std::string> ordered;
  if (const auto reported = reported_suite(ledger, found, suite)) {
    for (const DatasetSpec& dataset : reported->datasets) {
      if (found.erase(dataset.id) > 0) ordered.push_back(dataset.id);
    }
  }
  if (!suite) ordered.insert(ordered.end(), found.begin(), found.end());
  if (suite && ordered.empty())
    throw Error(fmt::format("no run on the datasets of suite {}; run the sweep first", *suite));
  return ordered;
}

/// The ids that --datasets names; a path stands for the user's own dataset there.
std::vector<std::string> named_datasets(const std::string& words) {
  std::vector<std::string> ids = split_list("--datasets", words);
  for (std::string& id : ids) {
    if (id.find('/') != std::string::npos && std::filesystem::exists(id)) id = read_own_dataset(id).id;
  }
  return ids;
}

}  // namespace

int report_command(const Arguments& arguments) {
  ReportQuery query;
  int64_t shots = 0;
  const auto values = parse_arguments(arguments, describe(shots), kUsage);
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
  query.datasets =
      text("datasets") ? named_datasets(*text("datasets")) : ordered_datasets(ledger, text("suite"));

  if (values->count("shots") > 0) query.shots = {shots};
  if (text("model")) query.model = *text("model");
  const BaseNewTable table = base_new_table(ledger, query);
  const Report report =
      text("versus") ? versus(comparison_of(table), *text("versus")).report() : table.report();
  fmt::print(
      "{}", text("format") == "csv" ? render_csv(report.records) : render_text(report.table, output_style()));
  return kAllDone;
}

}  // namespace promptbed
