#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/select/report_query.h"
#include "results/ledger.h"
#include "table/report.h"

namespace promptbed {

/// One of the tables that a user may ask for.
struct TableKind {
  const char* name = "";        ///< "base-new"
  const char* protocol = "";    ///< whose runs it is made of; "" for those of all
  const char* summary = "";     ///< one line for the help
  bool has_accuracies = false;  ///< means of them, which have a spread
  bool has_versus = false;      ///< whether methods can be set against one another
  bool has_paper = false;       ///< whether papers' figures can be set beside it
  bool has_source = false;      ///< whether it is of methods trained on one dataset
  bool spans_suites = false;    ///< whether datasets of several suites may stand in it
};

/// All of them.
const std::vector<TableKind>& table_kinds();

/// The one of that name. Throws Error for another, listing the known ones.
const TableKind& table_kind(std::string_view name);

/// What is to be shown of a table.
struct TableRequest {
  std::string table;
  ReportQuery query;
  std::optional<std::string> versus = {};  ///< instead of accuracies what is gained over this method
  bool paper = false;                      ///< set the published figures beside one's own
};

/// Makes a table from the ledger. `suites`: the folder that holds the published figures. Throws Error where
/// the table cannot do what is asked for, and as the tables do.
Report make_report(const Ledger& ledger, const TableRequest& request, const std::filesystem::path& suites);

}  // namespace promptbed
