#include <fmt/format.h>

#include "table/render.h"

namespace promptbed {
namespace {

std::string_view alignment_class(const Column& column) {
  return column.alignment == Alignment::left ? "text" : "number";
}

/// Where a name may be broken in a narrow column.
std::string breakable(const std::string& name) {
  std::string out;
  for (const char c : escape_html(name)) {
    out += c;
    if (c == '_') out += "<wbr>";
  }
  return out;
}

/// The line of group headings; "" without groups.
std::string group_row(const Table& table) {
  std::string row;
  size_t ungrouped = 0;  // neighbouring columns without a group share one empty cell
  const auto end_ungrouped = [&] {
    if (ungrouped > 0) row += fmt::format("<td colspan=\"{}\"></td>", ungrouped);
    ungrouped = 0;
  };
  for (const auto& [begin, end] : groups_of(table)) {
    const std::string& group = table.columns[begin].group;
    if (group.empty()) {
      ++ungrouped;
      continue;
    }
    end_ungrouped();
    row += fmt::format("<th scope=\"colgroup\" colspan=\"{}\">{}</th>", end - begin, breakable(group));
  }
  if (row.empty()) return "";
  end_ungrouped();
  return "<tr>" + row + "</tr>\n";
}

std::string cell_of(const Column& column, const Cell& cell, bool heads_row) {
  std::string classes(alignment_class(column));
  if (cell.best) classes += " best";
  if (cell.incomplete) classes += " incomplete";
  const auto number = cell.number();
  const std::string value = number ? fmt::format(" data-value=\"{}\"", *number) : "";
  std::string text = escape_html(cell.text);
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

std::string escape_html(std::string_view text) {
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

std::string render_html(const Table& table) {
  std::string out = fmt::format("<table>\n<caption>{}</caption>\n<thead>\n{}<tr>", escape_html(table.title),
                                group_row(table));
  for (const Column& column : table.columns) {
    out += fmt::format("<th scope=\"col\" class=\"{}\">{}</th>", alignment_class(column),
                       breakable(column.title));
  }
  out += "</tr>\n</thead>\n<tbody>\n";
  for (size_t i = 0; i < table.rows.size(); ++i) {
    if (begins_section(table, i)) out += "</tbody>\n<tbody>\n";
    out += row_of(table, i);
  }
  out += "</tbody>\n</table>\n";
  if (table.notes.empty()) return out;
  out += "<ul class=\"notes\">\n";
  for (const std::string& note : table.notes) out += fmt::format("<li>{}</li>\n", escape_html(note));
  return out + "</ul>\n";
}

}  // namespace promptbed
