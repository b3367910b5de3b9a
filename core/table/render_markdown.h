#pragma once

#include <string>

#include "table/table.h"

namespace promptbed {

/// The table in GitHub's Markdown, which has no headings over columns: a group stands before each title. The
/// best numbers are bold; notes are a list. Whatever would be taken for markup is escaped.
std::string render_markdown(const Table& table);

}  // namespace promptbed
