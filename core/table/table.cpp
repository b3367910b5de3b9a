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

/// Columns as rows, and rows as columns.
Table transposed(const Table& table, const std::string& heading) {
  Table turned{
      .title = table.title, .columns = {{heading, Alignment::left}}, .rows = {}, .notes = table.notes};
  for (const auto& row : table.rows)
    turned.columns.push_back({row.front().text, Alignment::right, "", table.columns.back().unit});
  for (size_t column = 1; column < table.columns.size(); ++column) {
    auto& cells = turned.rows.emplace_back(std::vector<Cell>{table.columns[column].title});
    for (const auto& row : table.rows) cells.push_back(row[column]);
  }
  return turned;
}

/// A section for each row, in which each group of columns has a row.
Table in_sections(const Table& table, const std::vector<ColumnGroup>& groups, const std::string& heading) {
  Table turned{.title = table.title,
               .columns = {table.columns.front(), {heading, Alignment::left}},
               .rows = {},
               .notes = table.notes,
               .heading_columns = 2};
  for (size_t i = groups.front().begin; i < groups.front().end; ++i) {
    turned.columns.push_back(table.columns[i]);
    turned.columns.back().group.clear();
  }
  for (size_t i = 0; i < table.rows.size(); ++i) {
    const auto& row = table.rows[i];
    for (const auto& [begin, end] : groups) {
      if (is_summary(table, i)) turned.summary_rows.push_back(turned.rows.size());
      auto& cells =
          turned.rows.emplace_back(std::vector<Cell>{row.front(), Cell(table.columns[begin].group)});
      for (size_t column = begin; column < end; ++column) cells.push_back(row[column]);
    }
  }
  return turned;
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

std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  const int64_t first = number < 0 ? 1 : 0;
  for (auto place = static_cast<int64_t>(digits.size()) - 3; place > first; place -= 3)
    digits.insert(static_cast<size_t>(place), 1, ',');
  return digits;
}

Cell grouped_count(int64_t value) {
  return {grouped(value), value};
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

Table turned_if_wide(const Table& table, const std::string& heading) {
  const std::vector<ColumnGroup> groups = groups_of(table, table.heading_columns);
  if (table.heading_columns != 1 || groups.size() <= kMostGroupsAcross) return table;
  return table.columns[groups.front().begin].group.empty() ? transposed(table, heading)
                                                           : in_sections(table, groups, heading);
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
