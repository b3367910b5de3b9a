#pragma once

#include <filesystem>
#include <vector>

#include "report/figure.h"
#include "report/figure_looks.h"
#include "report/page.h"
#include "report/tables.h"
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

/// The page about these tables, a section for each. `query` takes the runs that it tells the making of.
/// `suites`: the folder of suites. Throws Error as the tables do.
Page page_of(const Ledger& ledger, const ReportQuery& query, const std::vector<TableRequest>& tables,
             const std::filesystem::path& suites);

}  // namespace promptbed
