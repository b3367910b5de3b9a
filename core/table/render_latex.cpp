#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <utility>

#include "table/render.h"

namespace promptbed {
namespace {

/// What LaTeX would take for a command or, in its oldest fonts, print as something else.
constexpr std::array<std::pair<std::string_view, std::string_view>, 23> kReplacements = {{
    {"\\", "\\textbackslash{}"},
    {"{", "\\{"},
    {"}", "\\}"},
    {"$", "\\$"},
    {"&", "\\&"},
    {"#", "\\#"},
    {"_", "\\_"},
    {"%", "\\%"},
    {"~", "\\textasciitilde{}"},
    {"^", "\\textasciicircum{}"},
    {"<", "\\textless{}"},
    {">", "\\textgreater{}"},
    {"|", "\\textbar{}"},
    {"\"", "''"},
    {"`", "\\textquoteleft{}"},
    {"\n", " "},
    {"\r", " "},
    {"\t", " "},
    {"±", "$\\pm$"},
    {"†", "\\dag{}"},
    {"Δ", "$\\Delta$"},
    {"–", "--"},
    {"×", "$\\times$"},
}};

std::string latex_escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto found = std::ranges::find_if(
        kReplacements, [&](const auto& replacement) { return text.starts_with(replacement.first); });
    if (found == kReplacements.end()) {
      out += text.front();
      text.remove_prefix(1);
    } else {
      out += found->second;
      text.remove_prefix(found->first.size());
    }
  }
  return out;
}

/// With a minus sign before a negative number, and a dash for an empty cell.
std::string latex_of(const Cell& cell) {
  std::string_view text = cell.text;
  if (text == "-") return "--";
  const bool is_negative = cell.number() && text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  std::string out = (is_negative ? "$-$" : "") + latex_escaped(text);
  if (cell.best) out = fmt::format("\\textbf{{{}}}", out);
  return out + (cell.incomplete ? "\\rlap{$^\\dagger$}" : "");
}

/// A longer table does not fit on one.
constexpr size_t kMostRowsOnPage = 40;

std::string layout_of(const Table& table) {
  std::string layout;
  for (const Column& column : table.columns) layout += column.alignment == Alignment::left ? 'l' : 'r';
  return layout;
}

/// The line of group headings and the rules below them; "" without groups.
std::string group_lines(const Table& table) {
  std::string line, rules;
  for (const auto& [begin, end] : groups_of(table)) {
    const std::string& group = table.columns[begin].group;
    if (begin > 0) line += " & ";
    if (group.empty()) continue;
    line += fmt::format("\\multicolumn{{{}}}{{c}}{{{}}}", end - begin, latex_escaped(group));
    rules += fmt::format("\\cmidrule(lr){{{}-{}}}", begin + 1, end);
  }
  return rules.empty() ? "" : fmt::format("    {} \\\\\n    {}\n", line, rules);
}

/// Whether a rule separates a row from the one before it.
bool is_set_apart(const Table& table, size_t row) {
  if (row == 0) return false;
  if (table.heading_columns > 1) return begins_section(table, row);
  return is_summary(table, row) != is_summary(table, row - 1);
}

std::string row_line(const Table& table, size_t index) {
  const auto& row = table.rows[index];
  const bool repeats_section = table.heading_columns > 1 && index > 0 && !is_set_apart(table, index);
  std::string line;
  for (size_t i = 0; i < row.size(); ++i) {
    if (i > 0) line += " & ";
    if (i > 0 || !repeats_section) line += latex_of(row[i]);
  }
  // After the \\ of the row before, LaTeX would read these as its argument.
  if (line.starts_with('[') || line.starts_with('*')) line.insert(0, "{}");
  return fmt::format("    {} \\\\\n", line);
}

/// The headings between two rules.
std::string head_lines(const Table& table) {
  std::string out = "    \\toprule\n" + group_lines(table) + "    ";
  for (size_t i = 0; i < table.columns.size(); ++i)
    out += (i > 0 ? " & " : "") + latex_escaped(table.columns[i].title);
  return out + " \\\\\n    \\midrule\n";
}

std::string row_lines(const Table& table) {
  std::string out;
  for (size_t i = 0; i < table.rows.size(); ++i) {
    if (is_set_apart(table, i)) out += "    \\midrule\n";
    out += row_line(table, i);
  }
  return out;
}

std::string note_lines(const Table& table) {
  std::string out;
  for (const std::string& note : table.notes)
    out += fmt::format("\n  {{\\footnotesize {}\\par}}\n", latex_escaped(note));
  return out;
}

std::string floating_table(const Table& table) {
  return fmt::format(
      "% needs \\usepackage{{booktabs}}\n\\begin{{table}}\n  \\centering\n  \\caption{{{}}}\n"
      "  \\begin{{tabular}}{{{}}}\n{}{}    \\bottomrule\n  \\end{{tabular}}\n{}\\end{{table}}\n",
      latex_escaped(table.title), layout_of(table), head_lines(table), row_lines(table), note_lines(table));
}

/// One that breaks between pages, each of which repeats the headings.
std::string long_table(const Table& table) {
  const std::string head = head_lines(table);
  return fmt::format(
      "% needs \\usepackage{{booktabs,longtable}}\n\\begin{{longtable}}{{{}}}\n  \\caption{{{}}} \\\\\n{}"
      "    \\endfirsthead\n{}    \\endhead\n    \\bottomrule\n    \\endfoot\n{}\\end{{longtable}}\n{}",
      layout_of(table), latex_escaped(table.title), head, head, row_lines(table), note_lines(table));
}

}  // namespace

std::string render_latex(const Table& table) {
  return table.rows.size() > kMostRowsOnPage ? long_table(table) : floating_table(table);
}

}  // namespace promptbed
