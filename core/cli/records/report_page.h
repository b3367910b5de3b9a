#pragma once

#include <string>

#include "cli/records/report_options.h"

namespace promptbed {

/// The page that the options ask for, as HTML: with the table that they name, or with all tables that the
/// ledger has something for. Throws Error as the tables do, and where gnuplot is missing.
std::string report_page(const Ledger& ledger, const ReportOptions& options);

/// The contents of the picture file that they ask for. Throws Error in the same way.
std::string report_picture(const Ledger& ledger, const ReportOptions& options);

}  // namespace promptbed
