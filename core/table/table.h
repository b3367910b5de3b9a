#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace promptbed {

enum class Alignment { left, right };

struct Column {
  std::string title;
  Alignment alignment = Alignment::right;
  std::string group = {};  ///< heading over neighbouring columns that share it; "" for none
  std::string unit = {};   ///< of its numbers: "%", "points", "s", "MB"; "" for counts and text
};

/// What a cell holds for programs: nothing but its text, a flag, an unrounded number, or a list of seeds.
using CellValue = std::variant<std::monostate, bool, int64_t, double, std::vector<int64_t>>;

struct Cell {
  Cell() = default;
  Cell(std::string shown) : text(std::move(shown)) {}  // NOLINT: a text is a cell
  Cell(const char* shown) : text(shown) {}             // NOLINT
  Cell(std::string shown, CellValue meant) : text(std::move(shown)), value(std::move(meant)) {}

  std::string text;         ///< what a reader sees, without the marks that follow from the flags below
  CellValue value = {};     ///< what to sort by and to write for programs
  bool best = false;        ///< of the cells that it competes with
  bool incomplete = false;  ///< a mean that lacks datasets or seeds; a note of the table says which

  /// The value if it is a number.
  std::optional<double> number() const;
};

/// "true" or "false".
Cell flag(bool value);

/// A whole number, as programs read it.
Cell count(int64_t value);

/// 34816 -> "34,816", as people read it.
std::string grouped(int64_t number);

/// A whole number in a table for people.
Cell grouped_count(int64_t value);

/// The mark of an incomplete cell, and of the notes that say what such cells lack.
inline constexpr const char* kIncompleteMark = "†";

/// A table ready to be rendered. Its first columns are the rows' headings.
struct Table {
  std::string title;
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;    ///< each as long as `columns`
  std::vector<std::string> notes;         ///< what a reader must know besides the numbers
  size_t heading_columns = 1;             ///< if 2, neighbouring rows with the same first cell are a section
  std::vector<size_t> summary_rows = {};  ///< averages and the like
};

/// What was found, in two forms.
struct Report {
  Table table;    ///< for readers, as a paper prints it: text, Markdown, LaTeX, HTML
  Table records;  ///< for programs, CSV and JSON: one fact per row, columns named like variables, unrounded
};

/// Appends columns of numbers of one unit, or of text.
void add_columns(Table& table, std::initializer_list<const char*> titles, const std::string& unit = "");

/// "1 run", "2 runs".
std::string plural(size_t count, std::string_view noun);

/// Whether row `index` summarises others.
bool is_summary(const Table& table, size_t index);

/// Whether row `index` begins a section of a table with sections; the first row does not.
bool begins_section(const Table& table, size_t index);

/// Neighbouring columns [begin, end) that share a group, or a single one without a group.
struct ColumnGroup {
  size_t begin = 0;
  size_t end = 0;
};

/// The groups of the columns from `first` on.
std::vector<ColumnGroup> groups_of(const Table& table, size_t first = 0);

/// Groups of columns, or columns without groups, that are set beside each other; of more a page would be cut.
inline constexpr size_t kMostGroupsAcross = 5;

/// The table as it is, or turned if more groups than that are beside each other: with a section for each row
/// and in it a row for each group, which `heading` names; columns without groups become rows, and rows
/// columns. All groups must have columns of the same titles. Marks and notes stay.
Table turned_if_wide(const Table& table, const std::string& heading);

/// Marks the greatest number of each row: among the columns that share a title, or among all if there are no
/// groups. A number without competition is not marked.
void mark_best_in_rows(Table& table);

/// Marks the greatest number of each column from `first_column` on: in each section, or among all rows but
/// summaries if there are no sections.
void mark_best_in_columns(Table& table, size_t first_column);

}  // namespace promptbed
