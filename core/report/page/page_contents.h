#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "report/figures/figure.h"
#include "report/figures/figure_looks.h"
#include "report/grid/tables.h"
#include "report/page/page.h"
#include "results/ledger.h"

namespace promptbed {

/// The figures that show what a table tells:
///
///     base-new                averages in a plane, and gains by dataset
///     few-shot                accuracy against shots
///     cross-dataset, domain   accuracy by dataset
///     runs                    training loss by epoch
///
/// and none for the others. Gains are those of all methods over the one that the request names, or else those
/// of cocoop over coop, or of the method with the best H over one without training. Throws Error as the
/// tables do.
std::vector<Figure> figures_for(const Ledger& ledger, const TableRequest& request,
                                const std::filesystem::path& suites, Looks& looks);

/// The one picture that stands for a table: the gains where the request names a method, or else the first
/// figure. Throws Error for a table without figures.
Figure picture_for(const Ledger& ledger, const TableRequest& request, const std::filesystem::path& suites);

/// How many of the runs that the query takes have an error: those that failed, and those that are done but
/// for a test that could not be made.
size_t count_failures(const Ledger& ledger, const ReportQuery& query);

/// What the section of a table is called: "Base to new".
std::string section_heading(const std::string& table);

/// The section of a page with a table and its figures. `suites`: the folder of suites; `looks`: shared by the
/// sections of a page. Throws Error as the tables do.
PageSection section_for(const Ledger& ledger, const TableRequest& request,
                        const std::filesystem::path& suites, Looks& looks);

/// The page with these sections. `query` takes the runs that it tells the making of. Throws Error where there
/// is none.
Page page_of(const Ledger& ledger, const ReportQuery& query, std::vector<PageSection> sections,
             const std::filesystem::path& suites);

}  // namespace promptbed
