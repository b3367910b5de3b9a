#include "cli/report_page.h"

#include <string_view>
#include <vector>

#include "base/installation.h"
#include "cli/reported_suite.h"
#include "report/gnuplot.h"
#include "report/page_contents.h"
#include "report/run_list.h"

namespace promptbed {
namespace {

/// Whether something is known for a table.
bool has_something(const TableKind& kind, const Ledger& ledger, const ReportQuery& query) {
  const bool is_of_failures = std::string_view(kind.name) == "failures";
  const RunStatus status = is_of_failures ? RunStatus::failed : RunStatus::done;
  return !list_runs(ledger, query, kind.protocol, status).empty();
}

/// What is asked for, of a table; what that one cannot do is left out.
TableRequest request_for(const TableKind& kind, const Ledger& ledger, const ReportOptions& options) {
  TableRequest request = options.request;
  request.table = kind.name;
  if (!kind.has_versus) request.versus.reset();
  if (!kind.has_paper) request.paper = false;
  if (!kind.has_source) request.query.source.clear();
  if (!kind.has_accuracies) request.query.spread = Spread::none;
  choose_suite(request, ledger, options.suite, datasets_folder());
  return request;
}

/// The one that the options name, as they ask for it.
TableRequest named_request(const Ledger& ledger, const ReportOptions& options) {
  TableRequest request = options.request;
  choose_suite(request, ledger, options.suite, datasets_folder());
  return request;
}

}  // namespace

std::string report_page(const Ledger& ledger, const ReportOptions& options) {
  require_gnuplot();
  std::vector<TableRequest> tables;
  if (options.names_table) {
    tables.push_back(named_request(ledger, options));
  } else {
    for (const TableKind& kind : table_kinds()) {
      if (has_something(kind, ledger, options.request.query))
        tables.push_back(request_for(kind, ledger, options));
    }
  }
  const ReportQuery runs = request_for(table_kind("runs"), ledger, options).query;
  return render_page(page_of(ledger, runs, tables, datasets_folder()));
}

std::string report_picture(const Ledger& ledger, const ReportOptions& options) {
  return draw(picture_for(ledger, named_request(ledger, options), datasets_folder()),
              picture_format(options.plot));
}

}  // namespace promptbed
