#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
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

/// What a cell says to a program: nothing but its text, yes or no, a number that is not rounded, or a list
/// such as that of seeds.
using CellValue = std::variant<std::monostate, bool, int64_t, double, std::vector<int64_t>>;

struct Cell {
  Cell() = default;
  Cell(std::string shown) : text(std::move(shown)) {}  // NOLINT: a text is a cell
  Cell(const char* shown) : text(shown) {}             // NOLINT
  Cell(std::string shown, CellValue meant) : text(std::move(shown)), value(std::move(meant)) {}

  std::string text;      ///< what a reader sees, without the marks that follow from the flags below
  CellValue value = {};  ///< what to sort by and to write for programs
  bool best = false;     ///< of those that it is to be compared with
  bool incomplete =
      false;  ///< a mean over less than was to be had; a note of the table tells what is missing

  /// The value where it is one number.
  std::optional<double> number() const;
};

/// "true" or "false".
Cell flag(bool value);

/// A whole number.
Cell count(int64_t value);

/// The sign of an incomplete cell, and of the notes that tell what such cells lack.
inline constexpr const char* kIncompleteMark = "†";

/// A table ready to be rendered. Its first columns head the rows.
struct Table {
  std::string title;
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;  ///< each as long as `columns`
  std::vector<std::string> notes;       ///< what a reader must know beside the numbers
  size_t heading_columns = 1;           ///< where 2, neighbouring rows with the same first cell are a section
  std::vector<size_t> summary_rows = {};  ///< those that sum others up, such as averages
};

/// Whether row `index` sums others up.
bool is_summary(const Table& table, size_t index);

/// Marks in each row the best (greatest) numbers: of the columns that share a title, or of all that are in no
/// group. A single number is not marked.
void mark_best_in_rows(Table& table);

/// Marks in each section of rows, or among all rows but summaries where there are none, the best (greatest)
/// number of each column from `first_column` on.
void mark_best_in_columns(Table& table, size_t first_column);

}  // namespace promptbed
