#pragma once

#include <optional>
#include <string>

#include "report/page/page.h"
#include "report/tables.h"

namespace promptbed {

/// What a page was asked for.
struct PageRequest {
  TableRequest table;        ///< its kind counts only if it was named
  bool names_table = false;  ///< one table instead of all
  std::optional<std::string> suite = {};
};

/// The page with the table that the request names, or with all tables that the ledger has something for. On a
/// page of all tables, a table ignores the options that it has no use for, and one that cannot be made as
/// asked for is left out, with the reason. Throws Error if the named table cannot be made, for an option that
/// none of the tables can follow, and if there is no finished run.
Page make_page(const ReportSources& sources, const PageRequest& request);

}  // namespace promptbed
