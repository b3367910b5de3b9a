#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/installation.h"
#include "cli/command.h"
#include "cli/records/report_options.h"
#include "cli/records/report_page.h"
#include "cli/records/reported_suite.h"
#include "table/render_csv.h"
#include "table/render_json.h"
#include "table/render_latex.h"
#include "table/render_markdown.h"
#include "table/render_text.h"

namespace promptbed {
namespace {

/// The question, for those who read the answer later.
nlohmann::json to_json(const TableRequest& request) {
  nlohmann::json json = to_json(request.query);
  json["table"] = request.table;
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
      return render_json(report.records, to_json(options.request));
    case ReportFormat::latex:
      return render_latex(report.table);
    case ReportFormat::html:
      break;  // a page is more than a table
  }
  return {};
}

/// The table, page or picture that the options ask for, as it is to be written.
std::string answer(const Ledger& ledger, ReportOptions& options) {
  if (!options.plot.empty()) return report_picture(ledger, options);
  if (options.format == ReportFormat::html) return report_page(ledger, options);
  choose_suite(options.request, ledger, options.suite, datasets_folder());
  return render(make_report(ledger, options.request, datasets_folder()), options);
}

}  // namespace

int report_command(const Arguments& arguments) {
  auto options = read_report_options(arguments);
  if (!options) return kAllDone;
  const Ledger ledger = Ledger::open_existing(options->ledger);
  const std::string text = answer(ledger, *options);
  const std::filesystem::path& file = options->plot.empty() ? options->output : options->plot;
  if (file.empty()) {
    fmt::print("{}", text);
  } else {
    write_file(file, text);
  }
  return kAllDone;
}

}  // namespace promptbed
