#include "cli/records/report_options.h"

#include <filesystem>

#include "cli/options.h"
#include "data/suites/own_dataset.h"
#include "report/figures/gnuplot.h"

namespace promptbed {
namespace {

constexpr const char* kExplanation =
    "Prints a table of the ledger's results. Accuracies are in percent, means over seeds; averages are "
    "means\n"
    "over the datasets, and H is the harmonic mean of the base and new means beside it. docs/reports.md "
    "shows\n"
    "each table and defines its numbers.\n\n"
    "  runner report --table base-new\n"
    "  runner report --table base-new --versus clip_zeroshot\n"
    "  runner report --table few-shot --methods coop,cocoop --shots 1,4,16 --spread sd\n"
    "  runner report --format html --output report.html\n"
    "  runner report --table ablation --where coop.n_ctx=4,60 --format latex --output ablation.tex";

std::string table_help() {
  std::string help;
  for (const TableKind& kind : table_kinds())
    help += fmt::format("{}{}: {}", help.empty() ? "" : "\n", kind.name, kind.summary);
  return help;
}

Subcommand describe() {
  const OptionGroup table = {
      "the table",
      {{"table", "T", table_help(), ValueKind::text, "base-new"},
       {"format", "F",
        "text, markdown, csv, json, latex, or html: a page with plots of all tables unless --table is given; "
        "csv and json have one fact per line, unrounded",
        ValueKind::text, "text"},
       {"plot", "FILE", "draw the table's plot to this .svg, .png or .pdf instead"},
       shared("output", "default: standard output"),
       {"versus", "METHOD",
        "instead of accuracies, what the other methods gain over this one: pairs of the same dataset and "
        "seed, with 95 % intervals"},
       {"paper", "",
        "set published figures beside one's own, if backbone, shots, options and recipe are the paper's",
        ValueKind::flag},
       {"spread", "S",
        "what follows each mean: none, sd (standard deviation over seeds) or interval (95 % over seeds)",
        ValueKind::text, "none"}}};
  const OptionGroup runs = {
      "its runs",
      {shared("methods", "in this order; default: all"),
       shared("datasets", "in this order, of transfers the targets; default: all, in their suite's order"),
       {"suite", "S", "the datasets of this suite; default: the one that the ledger has runs on"},
       shared("source", "default: the only one"),
       shared("shots", "tables of one number take 16 or the only one"),
       {"seeds", "N,...", "seeds that means are over; default: all"},
       shared("where"),
       shared("fingerprint"),
       shared("db")}};
  return {.usage = "runner report --table T [OPTIONS]",
          .explanation = kExplanation,
          .options = {table, runs},
          .retired = {{"model", "--fingerprint F"}}};
}

/// The ids that --datasets names; a path means the user's own dataset there.
std::vector<std::string> named_datasets(const Values& values) {
  std::vector<std::string> ids = values.items("datasets");
  for (std::string& id : ids) {
    if (id.find('/') != std::string::npos && std::filesystem::exists(id)) id = read_own_dataset(id).id;
  }
  return ids;
}

ReportQuery read_query(const Values& values) {
  ReportQuery query{.methods = values.items("methods"),
                    .datasets = named_datasets(values),
                    .shots = values.numbers("shots"),
                    .seeds = values.numbers("seeds"),
                    .model = values.text("fingerprint"),
                    .source = values.text("source")};
  query.spread = values.one_of<Spread>(
      "spread", {{"none", Spread::none}, {"sd", Spread::deviation}, {"interval", Spread::interval}});
  for (const std::string& condition : values.texts("where"))
    query.where.push_back(parse_condition(condition));
  return query;
}

}  // namespace

std::optional<ReportOptions> read_report_options(const Arguments& arguments) {
  const std::optional<Values> values = parse(arguments, describe());
  if (!values) return std::nullopt;
  ReportOptions read;
  read.page.table.kind = &table_kind(values->text("table"));
  read.page.names_table = values->given("table");
  read.page.table.query = read_query(*values);
  if (values->given("versus")) read.page.table.versus = values->text("versus");
  read.page.table.paper = values->flag("paper");
  read.format = values->one_of<ReportFormat>("format", {{"text", ReportFormat::text},
                                                        {"markdown", ReportFormat::markdown},
                                                        {"csv", ReportFormat::csv},
                                                        {"json", ReportFormat::json},
                                                        {"latex", ReportFormat::latex},
                                                        {"html", ReportFormat::html}});
  read.output = values->text("output");
  if (values->given("plot")) {
    read.plot = values->text("plot");
    plot_format(read.plot);  // refuses an unknown one before any work
    if (!read.output.empty()) throw Error("--plot and --output are two files; leave one of them out");
  }
  if (values->given("suite")) read.page.suite = values->text("suite");
  read.ledger = values->text("db");
  return read;
}

}  // namespace promptbed
