#pragma once

#include <cstddef>
#include <string>

#include "results/table.h"

namespace promptbed {

/// The table for a terminal: title, headings, a rule, rows and notes. Where it is wider than `width`
/// characters it comes in several blocks, each with the first column; columns of a group stay together.
std::string render_text(const Table& table, size_t width = 100);

}  // namespace promptbed
