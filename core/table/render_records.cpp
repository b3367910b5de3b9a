#include <nlohmann/json.hpp>
#include <string_view>
#include <type_traits>
#include <variant>

#include "table/render.h"

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

void append_field(std::string& out, std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += field;
    return;
  }
  out += '"';
  for (const char c : field) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

template <class Items, class Text>
void append_record(std::string& out, const Items& items, const Text& text) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ',';
    append_field(out, text(items[i]));
  }
  out += '\n';
}

}  // namespace

std::string render_csv(const Table& table) {
  std::string out;
  append_record(out, table.columns, [](const Column& column) -> std::string_view { return column.title; });
  for (const auto& row : table.rows)
    append_record(out, row, [](const Cell& cell) -> std::string_view { return cell.text; });
  return out;
}

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
