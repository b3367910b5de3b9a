#pragma once

#include "report/select/report_query.h"
#include "results/ledger.h"
#include "table/report.h"

namespace promptbed {

/// The runs that the query takes, of any status: what they are of, how far they are, and their accuracies on
/// the classes of their own dataset. Throws Error where there is none.
Report run_report(const Ledger& ledger, const ReportQuery& query);

/// Those that failed, and why; without any, a table of no rows. Throws Error where the ledger holds no run
/// that the query takes.
Report failure_report(const Ledger& ledger, const ReportQuery& query);

}  // namespace promptbed
