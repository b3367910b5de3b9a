#include "table/render_json.h"

#include <nlohmann/json.hpp>
#include <type_traits>
#include <variant>

namespace promptbed {
namespace {

using nlohmann::ordered_json;

ordered_json to_json(const Cell& cell) {
  return std::visit(
      [&](const auto& value) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(value)>, std::monostate>) {
          return ordered_json(value);
        } else {
          return cell.text.empty() ? ordered_json() : ordered_json(cell.text);
        }
      },
      cell.value);
}

}  // namespace

std::string render_json(const Table& records, const nlohmann::json& query) {
  ordered_json units = ordered_json::object(), rows = ordered_json::array();
  for (const Column& column : records.columns) {
    if (!column.unit.empty()) units[column.title] = column.unit;
  }
  for (const auto& row : records.rows) {
    ordered_json& object = rows.emplace_back(ordered_json::object());
    for (size_t i = 0; i < row.size(); ++i) object[records.columns[i].title] = to_json(row[i]);
  }
  const ordered_json report = {{"title", records.title},
                               {"query", ordered_json(query)},
                               {"units", units},
                               {"rows", rows},
                               {"notes", records.notes}};
  return report.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace promptbed
