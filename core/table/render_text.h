#pragma once

#include <string>

#include "table/table.h"
#include "table/text_style.h"

namespace promptbed {

/// The table for a terminal: title, headings, a rule, rows and notes. Where it is wider than the style's
/// width it comes in several blocks, each with the columns that head the rows; columns of a group stay
/// together where they fit. Sections of rows are set apart, their name said once.
std::string render_text(const Table& table, const TextStyle& style = {});

}  // namespace promptbed
