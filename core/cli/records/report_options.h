#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cli/options.h"
#include "report/page/make_page.h"

namespace promptbed {

/// How a report is written down.
enum class ReportFormat { text, markdown, csv, json, latex, html };

/// What `runner report` was asked for.
struct ReportOptions {
  PageRequest page;  ///< also says which table, if it is not a page
  ReportFormat format = ReportFormat::text;
  std::filesystem::path plot = {};    ///< a plot to draw instead; "" for none
  std::filesystem::path output = {};  ///< "" for standard output
  std::filesystem::path ledger = {};
};

/// Reads the command's arguments. Nothing if the help was asked for and printed. Throws Error for an unknown
/// option or value.
std::optional<ReportOptions> read_report_options(const Arguments& arguments);

/// The runs that --methods, --datasets, --shots, --seeds, --where and --fingerprint select. Throws Error for
/// a value that cannot be read.
ReportQuery read_run_filters(const Values& values);

/// Warns on standard error of their values that no run has, which only leave something out.
void warn_of_unmatched(const Snapshot& snapshot, const ReportQuery& query);

}  // namespace promptbed
