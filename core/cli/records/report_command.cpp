#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/installation.h"
#include "cli/records/report_options.h"
#include "report/figures/gnuplot.h"
#include "report/page/make_page.h"
#include "table/render.h"

namespace promptbed {
namespace {

/// The question, for those who read the answer later.
nlohmann::json request_json(const TableRequest& request) {
  nlohmann::json json = to_json(request.query);
  json["table"] = request.kind->name;
  if (request.versus) json["versus"] = *request.versus;
  if (request.paper) json["paper"] = true;
  return json;
}

std::string render(const Report& report, const ReportOptions& options) {
  switch (options.format) {
    case ReportFormat::text:
      return render_text(report.table, options.output.empty() ? output_style() : TextStyle());
    case ReportFormat::markdown:
      return render_markdown(report.table);
    case ReportFormat::csv:
      return render_csv(report.records);
    case ReportFormat::json:
      return render_json(report.records, request_json(options.page.table));
    case ReportFormat::latex:
      return render_latex(report.table);
    case ReportFormat::html:
      break;  // a page is more than a table
  }
  return {};
}

/// The table, page or plot that the options ask for, as it is to be written.
std::string answer(const ReportSources& sources, ReportOptions& options) {
  const bool is_page = options.plot.empty() && options.format == ReportFormat::html;
  if (is_page || !options.plot.empty()) require_gnuplot();
  if (is_page) return render_page(make_page(sources, options.page));
  TableRequest& request = options.page.table;
  choose_suite(request, sources, options.page.suite);
  if (!options.plot.empty()) return draw(make_plot(sources, request), plot_format(options.plot));
  return render(make_exhibit(sources, request).report, options);
}

}  // namespace

int report_command(const Arguments& arguments) {
  auto options = read_report_options(arguments);
  if (!options) return kAllDone;
  const Ledger ledger = Ledger::open_existing(options->ledger);
  const ReportSources sources(ledger, datasets_folder());
  const ReportQuery asked = options->page.table.query;  // before a suite adds its datasets
  const std::string text = answer(sources, *options);
  warn_of_unmatched(sources.snapshot, asked);
  const std::filesystem::path& file = options->plot.empty() ? options->output : options->plot;
  if (file.empty()) {
    fmt::print("{}", text);
  } else {
    write_file(file, text);
  }
  return kAllDone;
}

}  // namespace promptbed
