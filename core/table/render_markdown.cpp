#include <cctype>
#include <string_view>

#include "base/text.h"
#include "table/render.h"

namespace promptbed {
namespace {

bool is_in_word(std::string_view text, size_t i) {
  const auto is_letter = [&](size_t at) { return std::isalnum(static_cast<unsigned char>(text[at])) != 0; };
  return i > 0 && i + 1 < text.size() && is_letter(i - 1) && is_letter(i + 1);
}

/// An underscore inside a word is not emphasis: names keep theirs.
std::string markdown_escaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '\n' || c == '\r') {
      out += ' ';
    } else {
      const bool is_markup = std::string_view("\\`*[]|~$").find(c) != std::string_view::npos;
      if (is_markup || (c == '_' && !is_in_word(text, i))) out += '\\';
      out += c;
    }
  }
  return printable(out);
}

std::string markdown_of(const Cell& cell) {
  std::string text = markdown_escaped(cell.text) + (cell.incomplete ? kIncompleteMark : "");
  return cell.best ? "**" + text + "**" : text;
}

}  // namespace

std::string render_markdown(const Table& table) {
  std::string out = "**" + markdown_escaped(table.title) + "**\n\n|", rule = "|";
  for (const Column& column : table.columns) {
    out += ' ' + markdown_escaped(column.group.empty() ? column.title : column.group + ' ' + column.title) +
           " |";
    rule += column.alignment == Alignment::left ? " :-- |" : " --: |";
  }
  out += '\n' + rule + '\n';
  for (const auto& row : table.rows) {
    out += '|';
    for (const Cell& cell : row) out += ' ' + markdown_of(cell) + " |";
    out += '\n';
  }
  if (!table.notes.empty()) out += '\n';
  for (const std::string& note : table.notes) out += "- " + markdown_escaped(note) + '\n';
  return out;
}

}  // namespace promptbed
