#pragma once

#include <string>

#include "table/table.h"

namespace promptbed {

/// The columns' titles and the rows as comma-separated values (RFC 4180, lines end in a line feed). Title,
/// groups and notes are left out.
std::string render_csv(const Table& table);

}  // namespace promptbed
