#include "table/render_csv.h"

#include <string_view>

namespace promptbed {
namespace {

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

}  // namespace promptbed
