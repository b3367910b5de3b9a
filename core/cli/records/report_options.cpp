#include "cli/records/report_options.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "data/suites/dataset_spec.h"
#include "report/figures/gnuplot.h"
#include "report/select/filters.h"

namespace promptbed {
namespace {

std::string table_help() {
  std::string help;
  for (const TableKind& kind : table_kinds())
    help += fmt::format("{}{}: {}", help.empty() ? "" : "\n", kind.name, kind.summary);
  return help;
}

Subcommand report_description() {
  return {
      .usage = "runner report --table T [OPTIONS]",
      .explanation =
          "Prints a table of the ledger's results. Accuracies are percentages, means over seeds;\n"
          "averages are means over the datasets, and H is the harmonic mean of the base and new\n"
          "means beside it. docs/reports.md shows each table and defines its numbers.\n\n"
          "  runner report --table base-new\n"
          "  runner report --table base-new --versus clip_zeroshot\n"
          "  runner report --table few-shot --methods coop,cocoop --shots 1,4,16 --spread sd\n"
          "  runner report --format html --output report.html\n"
          "  runner report --table ablation --where coop.n_ctx=4,60 --format latex --output ablation.tex",
      .options =
          {{"report",
            {{"table", "T", table_help(), ValueKind::text, "base-new"},
             {"format", "F",
              "text, markdown, csv, json, latex, or html: a page with plots of all tables unless --table "
              "is given; csv and json have one fact per line, unrounded",
              ValueKind::text, "text"},
             {"plot", "FILE", "draw the table's plot to this .svg, .png or .pdf instead"},
             shared("output", "; default: standard output"),
             {"versus", "METHOD",
              "instead of accuracies, what the other methods gain over this one: pairs of the same dataset "
              "and seed, with 95 % intervals"},
             {"metric", "M", "instead of accuracy: per-class, the mean accuracy of the classes, or macro-f1",
              ValueKind::text, "accuracy"},
             {"paper", "", "add published figures if backbone, shots, options and recipe are the paper's",
              ValueKind::flag},
             {"spread", "S",
              "what follows each mean: none, sd (standard deviation over seeds) or interval (95 % over "
              "seeds)",
              ValueKind::text, "none"}}},
           {"selection",
            {shared("methods", "; in this order; default: all"),
             shared("datasets",
                    "; shown in this order; for cross-dataset and domain, the targets; default: all"),
             {"suite", "S", "the datasets of this suite; default: the only one with runs in the ledger"},
             shared("source", "; default: the only one"),
             shared("shots", "; default: 16, or the only number; few-shot shows all"),
             shared("seeds", "; default: all"),
             shared("where"),
             shared("fingerprint"),
             shared("db")}}},
      .retired = {{"model", "--fingerprint F"}}};
}

/// A path to the user's own dataset stands for its id.
std::string dataset_id(const std::string& named) {
  const bool is_path = named.find('/') != std::string::npos && std::filesystem::exists(named);
  return is_path ? read_own_dataset(named).id : named;
}

}  // namespace

ReportQuery read_run_filters(const Values& values) {
  ReportQuery query;
  query.methods = values.items("methods");
  for (const std::string& named : values.items("datasets")) query.datasets.push_back(dataset_id(named));
  if (std::ranges::count(query.datasets, "all") > 0) {
    if (query.datasets.size() > 1)
      throw Error("--datasets: all stands for every dataset; leave it out, or the others");
    query.datasets.clear();
  }
  query.shots = values.numbers("shots");
  query.seeds = values.numbers("seeds");
  query.model = values.text("fingerprint");
  for (const std::string& condition : values.texts("where"))
    query.where.push_back(parse_condition(condition));
  return query;
}

void warn_of_unmatched(const Snapshot& snapshot, const ReportQuery& query) {
  for (const std::string& warning : unmatched_values(snapshot, query))
    fmt::print(stderr, "warning: {}\n", printable(warning));
}

std::optional<ReportOptions> read_report_options(const Arguments& arguments) {
  const std::optional<Values> values = parse(arguments, report_description());
  if (!values) return std::nullopt;
  ReportOptions read;
  read.page.table.kind = &table_kind(values->text("table"));
  read.page.names_table = values->given("table");
  read.page.table.query = read_run_filters(*values);
  read.page.table.query.source = values->text("source");
  read.page.table.query.spread = values->one_of<Spread>(
      "spread", {{"none", Spread::none}, {"sd", Spread::deviation}, {"interval", Spread::interval}});
  std::vector<std::pair<std::string, Metric>> metrics;
  for (const Metric metric : kMetrics) metrics.emplace_back(to_string(metric), metric);
  read.page.table.query.metric = values->one_of("metric", metrics);
  if (values->given("versus")) read.page.table.versus = values->text("versus");
  read.page.table.paper = values->flag("paper");
  read.format = values->one_of<ReportFormat>("format", {{"text", ReportFormat::text},
                                                        {"markdown", ReportFormat::markdown},
                                                        {"csv", ReportFormat::csv},
                                                        {"json", ReportFormat::json},
                                                        {"latex", ReportFormat::latex},
                                                        {"html", ReportFormat::html}});
  read.output = output_file(*values);
  if (values->given("plot")) {
    read.plot = output_file(*values, "plot");
    plot_format(read.plot);  // refuses an unknown one before any work
    if (!read.output.empty()) throw Error("--plot and --output are two files; leave one of them out");
    if (values->given("format"))
      throw values->fault("format",
                          "--plot draws a plot whose format its file's name says; leave one of them out");
  }
  if (values->given("suite")) read.page.suite = values->text("suite");
  read.ledger = ledger_path(*values);
  return read;
}

}  // namespace promptbed
