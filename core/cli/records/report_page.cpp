#include "cli/records/report_page.h"

#include <promptbed/error.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "base/installation.h"
#include "cli/records/reported_suite.h"
#include "report/figures/gnuplot.h"
#include "report/page/page_contents.h"
#include "report/select/run_list.h"

namespace promptbed {
namespace {

/// Whether something is known for a table.
bool has_something(const TableKind& kind, const Ledger& ledger, ReportQuery query) {
  if (std::string_view(kind.name) == "failures") return count_failures(ledger, query) > 0;
  if (kind.has_source) query.datasets.clear();  // they are targets, and a trained run is one on the source
  return !list_runs(ledger, query, kind.protocol, RunStatus::done).empty();
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

/// The sections of a page of all tables, and which tables could not be made as asked for.
struct Sections {
  std::vector<PageSection> made;
  std::vector<LeftOut> left_out;
};

/// Whether one of the sections follows `ability`, the use that a table has for an option.
bool follows(const Sections& sections, bool TableKind::*ability) {
  return std::ranges::any_of(sections.made,
                             [&](const PageSection& section) { return table_kind(section.id).*ability; });
}

/// An option that none of its tables could follow is a mistake to tell, not a table to do without.
void check_followed(const Sections& sections, const TableRequest& asked) {
  if (sections.left_out.empty()) return;
  if ((asked.versus && !follows(sections, &TableKind::has_versus)) ||
      (!asked.query.source.empty() && !follows(sections, &TableKind::has_source)))
    throw Error(sections.left_out.front().reason);
}

Sections all_sections(const Ledger& ledger, const ReportOptions& options) {
  Sections sections;
  Looks looks;
  for (const TableKind& kind : table_kinds()) {
    try {
      if (!has_something(kind, ledger, options.request.query)) continue;
      const TableRequest request = request_for(kind, ledger, options);
      if (has_something(kind, ledger, request.query))
        sections.made.push_back(section_for(ledger, request, datasets_folder(), looks));
    } catch (const Error& fault) {
      sections.left_out.push_back({section_heading(kind.name), fault.what()});
    }
  }
  check_followed(sections, options.request);
  return sections;
}

Sections named_section(const Ledger& ledger, const ReportOptions& options) {
  Looks looks;
  return {.made = {section_for(ledger, named_request(ledger, options), datasets_folder(), looks)},
          .left_out = {}};
}

}  // namespace

std::string report_page(const Ledger& ledger, const ReportOptions& options) {
  require_gnuplot();
  const ReportQuery runs = request_for(table_kind("runs"), ledger, options).query;
  Sections sections = options.names_table ? named_section(ledger, options) : all_sections(ledger, options);
  Page page = page_of(ledger, runs, std::move(sections.made), datasets_folder());
  page.left_out = std::move(sections.left_out);
  return render_page(page);
}

std::string report_picture(const Ledger& ledger, const ReportOptions& options) {
  return draw(picture_for(ledger, named_request(ledger, options), datasets_folder()),
              picture_format(options.plot));
}

}  // namespace promptbed
