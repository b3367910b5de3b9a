#pragma once

#include <string>

#include "table/table.h"

namespace promptbed {

/// The table as an HTML fragment, a `<table>` and the list of its notes, for a page to set: a caption, scopes
/// for screen readers, `data-value` with the unrounded number for scripts that sort, a `<tbody>` for each
/// section, and the classes "best", "incomplete" and "summary". All text is escaped.
std::string render_html(const Table& table);

}  // namespace promptbed
