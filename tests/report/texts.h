#pragma once

#include <string>
#include <vector>

#include "table/table.h"

namespace promptbed::test {

/// What a reader sees of a row.
inline std::vector<std::string> texts(const std::vector<Cell>& row) {
  std::vector<std::string> texts;
  for (const Cell& cell : row) texts.push_back(cell.text + (cell.incomplete ? kIncompleteMark : ""));
  return texts;
}

/// What a reader sees of all rows.
inline std::vector<std::vector<std::string>> texts(const std::vector<std::vector<Cell>>& rows) {
  std::vector<std::vector<std::string>> all;
  for (const auto& row : rows) all.push_back(texts(row));
  return all;
}

}  // namespace promptbed::test
