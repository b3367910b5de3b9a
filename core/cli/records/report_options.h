#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cli/arguments.h"
#include "report/grid/tables.h"
#include "results/ledger.h"

namespace promptbed {

/// How a report is written down.
enum class ReportFormat { text, markdown, csv, json, latex, html };

/// What `runner report` was asked for.
struct ReportOptions {
  TableRequest request;
  bool names_table = false;  ///< a page has all tables where none is named
  ReportFormat format = ReportFormat::text;
  std::filesystem::path plot = {};    ///< a picture to be drawn instead; "" for none
  std::filesystem::path output = {};  ///< "" for standard output
  std::filesystem::path ledger;
  std::optional<std::string> suite = {};
};

/// Reads the command's words. Nothing where the help was asked for and printed. Throws Error for what is no
/// option, and for values that are none.
std::optional<ReportOptions> read_report_options(const Arguments& arguments);

}  // namespace promptbed
