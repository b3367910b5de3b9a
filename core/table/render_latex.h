#pragma once

#include <string>

#include "table/table.h"

namespace promptbed {

/// The table as a `table` environment for LaTeX with the package booktabs: groups over their columns, the
/// best numbers bold, sections and summaries between rules, notes below. All text is escaped.
std::string render_latex(const Table& table);

}  // namespace promptbed
