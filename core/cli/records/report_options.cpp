#include "cli/records/report_options.h"

#include <filesystem>

#include "data/suites/own_dataset.h"
#include "report/figures/gnuplot.h"

namespace promptbed {
namespace {

const Usage kUsage = {
    "runner report --table T [OPTIONS]",
    "Prints a table of the ledger's results. Accuracies are in percent, means over seeds; averages are "
    "means\n"
    "over the datasets, and H is the harmonic mean of the base and new means beside it. docs/reports.md "
    "shows\n"
    "each table and defines its numbers.\n\n"
    "  runner report --table base-new\n"
    "  runner report --table base-new --versus clip_zeroshot\n"
    "  runner report --table few-shot --methods coop,cocoop --shots 1,4,16 --spread sd\n"
    "  runner report --format html --output report.html\n"
    "  runner report --table ablation --where coop.n_ctx=4,60 --format latex --output ablation.tex"};

std::string table_help() {
  std::string help;
  for (const TableKind& kind : table_kinds())
    help += fmt::format("{}{}: {}", help.empty() ? "" : "\n", kind.name, kind.summary);
  return help;
}

options::options_description describe() {
  options::options_description described("options", 110, 60);
  auto add = described.add_options();
  const auto text = [](const char* name) { return options::value<std::string>()->value_name(name); };
  add("table", text("T")->default_value("base-new"), table_help().c_str());
  add("format", text("F")->default_value("text"),
      "text, markdown, csv, json, latex, or html: a page with plots of all tables unless --table is given; "
      "csv and json have one fact a line, unrounded");
  add("plot", text("FILE"), "draw the table's plot to this .svg, .png or .pdf instead");
  add("output", text("FILE"), "write to this file instead of standard output");
  add("versus", text("METHOD"),
      "instead of accuracies, what the other methods gain over this one: pairs of the same dataset and seed, "
      "with 95 % intervals");
  add("paper", options::bool_switch(),
      "set published figures beside one's own, if backbone, shots, options and recipe are the paper's");
  add("spread", text("S")->default_value("none"),
      "what follows each mean: none, sd (standard deviation over seeds) or interval (95 % over seeds)");
  add("methods", text("M,..."), "in this order; default: all");
  add("datasets", text("D,..."),
      "in this order; of transfers, the targets; default: all, in their suite's order");
  add("suite", text("S"), "the datasets of this suite; default: the one that the ledger has runs on");
  add("source", text("D"), "the dataset trained on, in cross-dataset and domain; default: the only one");
  add("shots", text("N,..."), "training images per class; tables of one number take 16 or the only one");
  add("seeds", text("N,..."), "seeds that means are over; default: all");
  add("where", options::value<std::vector<std::string>>()->value_name("[M.]SETTING=V,...")->composing(),
      "only runs whose setting has one of these values, such as coop.n_ctx=16, views=10 or epochs=50; may be "
      "repeated");
  add("model", text("FINGERPRINT"), "the model's fingerprint or a prefix of it, if the ledger has several");
  add("db", text("FILE")->default_value("runs/promptbed.db"), "ledger of runs and scores");
  return described;
}

/// The ids that --datasets names; a path means the user's own dataset there.
std::vector<std::string> named_datasets(const std::string& words) {
  std::vector<std::string> ids = split_list("--datasets", words);
  for (std::string& id : ids) {
    if (id.find('/') != std::string::npos && std::filesystem::exists(id)) id = read_own_dataset(id).id;
  }
  return ids;
}

ReportQuery read_query(const options::variables_map& values) {
  const auto given = [&](const char* name) -> std::optional<std::string> {
    if (values.count(name) == 0) return std::nullopt;
    return values[name].as<std::string>();
  };
  ReportQuery query;
  if (const auto words = given("methods")) query.methods = split_list("--methods", *words);
  if (const auto words = given("datasets")) query.datasets = named_datasets(*words);
  if (const auto words = given("shots")) query.shots = split_numbers("--shots", *words);
  if (const auto words = given("seeds")) query.seeds = split_numbers("--seeds", *words);
  query.model = given("model").value_or("");
  query.source = given("source").value_or("");
  query.spread =
      one_of<Spread>("--spread", *given("spread"),
                     {{"none", Spread::none}, {"sd", Spread::deviation}, {"interval", Spread::interval}});
  if (values.count("where") > 0) {
    for (const std::string& word : values["where"].as<std::vector<std::string>>())
      query.where.push_back(parse_condition(word));
  }
  return query;
}

}  // namespace

std::optional<ReportOptions> read_report_options(const Arguments& arguments) {
  const auto parsed = parse_arguments(arguments, describe(), kUsage);
  if (!parsed) return std::nullopt;
  const options::variables_map& values = *parsed;
  const auto text = [&](const char* name) { return values[name].as<std::string>(); };
  ReportOptions read;
  read.page.table.kind = &table_kind(text("table"));
  read.page.names_table = !values["table"].defaulted();
  read.page.table.query = read_query(values);
  if (values.count("versus") > 0) read.page.table.versus = text("versus");
  read.page.table.paper = values["paper"].as<bool>();
  read.format = one_of<ReportFormat>("--format", text("format"),
                                     {{"text", ReportFormat::text},
                                      {"markdown", ReportFormat::markdown},
                                      {"csv", ReportFormat::csv},
                                      {"json", ReportFormat::json},
                                      {"latex", ReportFormat::latex},
                                      {"html", ReportFormat::html}});
  if (values.count("output") > 0) read.output = text("output");
  if (values.count("plot") > 0) {
    read.plot = text("plot");
    plot_format(read.plot);  // refuses an unknown one before any work
    if (!read.output.empty()) throw Error("--plot and --output are two files; leave one of them out");
  }
  if (values.count("suite") > 0) read.page.suite = text("suite");
  read.ledger = text("db");
  return read;
}

}  // namespace promptbed
