#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace promptbed {

/// A JSON document for people and programs, with a line end. A path or a name may hold bytes that are no
/// UTF-8; they are replaced instead of stopping the report.
inline std::string json_text(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace promptbed
