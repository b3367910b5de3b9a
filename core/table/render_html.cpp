#include "table/render_html.h"

#include <fmt/format.h>

#include <string_view>

namespace promptbed {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string_view alignment_class(const Column& column) {
  return column.alignment == Alignment::left ? "text" : "number";
}

/// The line of group headings; "" where there are no groups.
std::string group_row(const Table& table) {
  std::string row;
  bool has_groups = false;
  const auto& columns = table.columns;
  for (size_t begin = 0, end = 0; begin < columns.size(); begin = end) {
    end = begin + 1;
    const std::string& group = columns[begin].group;
    while (end < columns.size() && columns[end].group == group) ++end;
    if (group.empty()) {
      row += fmt::format("<td colspan=\"{}\"></td>", end - begin);
    } else {
      has_groups = true;
      row += fmt::format("<th scope=\"colgroup\" colspan=\"{}\">{}</th>", end - begin, escaped(group));
    }
  }
  return has_groups ? "<tr>" + row + "</tr>\n" : "";
}

std::string cell_of(const Column& column, const Cell& cell, bool heads_row) {
  std::string classes(alignment_class(column));
  if (cell.best) classes += " best";
  if (cell.incomplete) classes += " incomplete";
  const auto number = cell.number();
  const std::string value = number ? fmt::format(" data-value=\"{}\"", *number) : "";
  std::string text = escaped(cell.text);
  if (cell.best) text = "<strong>" + text + "</strong>";
  if (cell.incomplete) text += kIncompleteMark;
  return heads_row ? fmt::format("<th scope=\"row\" class=\"{}\"{}>{}</th>", classes, value, text)
                   : fmt::format("<td class=\"{}\"{}>{}</td>", classes, value, text);
}

std::string row_of(const Table& table, size_t index) {
  std::string row = is_summary(table, index) ? "<tr class=\"summary\">" : "<tr>";
  for (size_t i = 0; i < table.columns.size(); ++i)
    row += cell_of(table.columns[i], table.rows[index][i], i < table.heading_columns);
  return row + "</tr>\n";
}

}  // namespace

std::string render_html(const Table& table) {
  std::string out =
      fmt::format("<table>\n<caption>{}</caption>\n<thead>\n{}<tr>", escaped(table.title), group_row(table));
  for (const Column& column : table.columns) {
    out +=
        fmt::format("<th scope=\"col\" class=\"{}\">{}</th>", alignment_class(column), escaped(column.title));
  }
  out += "</tr>\n</thead>\n<tbody>\n";
  for (size_t i = 0; i < table.rows.size(); ++i) {
    const bool begins_section =
        i > 0 && table.heading_columns > 1 && table.rows[i][0].text != table.rows[i - 1][0].text;
    if (begins_section) out += "</tbody>\n<tbody>\n";
    out += row_of(table, i);
  }
  out += "</tbody>\n</table>\n";
  if (table.notes.empty()) return out;
  out += "<ul class=\"notes\">\n";
  for (const std::string& note : table.notes) out += fmt::format("<li>{}</li>\n", escaped(note));
  return out + "</ul>\n";
}

}  // namespace promptbed
