#include "table/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace promptbed {
namespace {

/// Marks the greatest number among these cells, ties included. Incomplete means do not compete.
void mark_best(const std::vector<Cell*>& cells) {
  std::vector<double> numbers;
  for (const Cell* cell : cells) {
    const auto number = cell->number();
    if (number && !cell->incomplete) numbers.push_back(*number);
  }
  if (numbers.size() < 2) return;
  const double best = *std::ranges::max_element(numbers);
  for (Cell* cell : cells) cell->best = !cell->incomplete && cell->number() == best;
}

}  // namespace

std::optional<double> Cell::number() const {
  if (const auto* whole = std::get_if<int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}

Cell flag(bool value) {
  return {value ? "true" : "false", value};
}

Cell count(int64_t value) {
  return {std::to_string(value), value};
}

void add_columns(Table& table, std::initializer_list<const char*> titles, const std::string& unit) {
  for (const char* title : titles) table.columns.push_back({title, Alignment::right, "", unit});
}

std::string plural(size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

bool is_summary(const Table& table, size_t index) {
  return std::ranges::count(table.summary_rows, index) > 0;
}

bool begins_section(const Table& table, size_t index) {
  return index > 0 && table.heading_columns > 1 && table.rows[index][0].text != table.rows[index - 1][0].text;
}

std::vector<ColumnGroup> groups_of(const Table& table, size_t first) {
  std::vector<ColumnGroup> groups;
  for (size_t i = first; i < table.columns.size(); ++i) {
    const std::string& group = table.columns[i].group;
    const bool continues = i > first && !group.empty() && group == table.columns[i - 1].group;
    if (continues) {
      groups.back().end = i + 1;
    } else {
      groups.push_back({i, i + 1});
    }
  }
  return groups;
}

void mark_best_in_rows(Table& table) {
  for (auto& row : table.rows) {
    std::map<std::string, std::vector<Cell*>> compared;
    for (size_t i = table.heading_columns; i < row.size(); ++i)
      compared[table.columns[i].group.empty() ? "" : table.columns[i].title].push_back(&row[i]);
    for (const auto& [title, cells] : compared) mark_best(cells);
  }
}

void mark_best_in_columns(Table& table, size_t first_column) {
  const bool has_sections = table.heading_columns > 1;
  for (size_t column = first_column; column < table.columns.size(); ++column) {
    std::map<std::string, std::vector<Cell*>> compared;
    for (size_t i = 0; i < table.rows.size(); ++i) {
      if (!has_sections && is_summary(table, i)) continue;
      compared[has_sections ? table.rows[i][0].text : ""].push_back(&table.rows[i][column]);
    }
    for (const auto& [section, cells] : compared) mark_best(cells);
  }
}

}  // namespace promptbed
