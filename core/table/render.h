#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "table/table.h"

/// A table in the formats that people and programs read.
namespace promptbed {

/// How text is set.
struct TextStyle {
  size_t width = 100;      ///< characters on a line
  bool wraps = false;      ///< break notes and long cells into lines of that width
  bool is_styled = false;  ///< the best numbers bold and notes dim, by a terminal's escape sequences
};

/// For standard output. On a terminal: its width, wrapped, and styled unless NO_COLOR is set or TERM is dumb.
/// Otherwise plain, COLUMNS or 100 characters wide.
TextStyle output_style();

/// Aligned columns under their groups, in blocks if they do not fit beside each other.
std::string render_text(const Table& table, const TextStyle& style = {});

/// GitHub's Markdown. It has no headings over columns, so each title is prefixed with its group. The best
/// numbers are bold, notes are a list, and markup in the text is escaped.
std::string render_markdown(const Table& table);

/// A LaTeX `table` environment for the package booktabs: groups over their columns, the best numbers bold,
/// sections and summaries between rules, notes below. What is longer than a page is a `longtable`, for the
/// package of that name. All text is escaped.
std::string render_latex(const Table& table);

/// An HTML fragment, a `<table>` and the list of its notes, for a page to style: a caption, scopes for screen
/// readers, the unrounded number in `data-value` for scripts that sort, a `<tbody>` per section, and the
/// classes "best", "incomplete" and "summary". All text is escaped.
std::string render_html(const Table& table);

/// Text with the characters that HTML gives a meaning replaced by entities.
std::string escape_html(std::string_view text);

/// Column titles and rows as comma-separated values (RFC 4180, but lines end in a line feed). Title, groups
/// and notes are left out.
std::string render_csv(const Table& table);

/// Records as one JSON object: "title", "query" as given, "units" by column, "rows" (a list of objects by
/// column; numbers as numbers, null for an empty cell) and "notes".
std::string render_json(const Table& records, const nlohmann::json& query);

}  // namespace promptbed
