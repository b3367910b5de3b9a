#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "table/table.h"

namespace promptbed {

/// Records as one JSON object: "title", "query" as it was given, "units" by column, "rows" (a list of objects
/// by column; numbers as numbers, null where there is nothing) and "notes".
std::string render_json(const Table& records, const nlohmann::json& query);

}  // namespace promptbed
