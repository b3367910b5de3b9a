#include "results/row_copier.h"

#include <SQLiteCpp/Column.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace promptbed {
namespace {

/// The columns that can be written: all but generated ones and the seal, which is made anew.
std::vector<std::string> columns_of(SQLite::Database& database, const std::string& table) {
  std::vector<std::string> columns;
  SQLite::Statement row(database, fmt::format("PRAGMA table_info({})", table));
  while (row.executeStep()) {
    std::string name = row.getColumn("name");
    if (name != "seal") columns.push_back(std::move(name));
  }
  return columns;
}

void bind(SQLite::Statement& statement, int place, const SQLite::Column& value) {
  if (value.isInteger()) {
    statement.bind(place, value.getInt64());
  } else if (value.isFloat()) {
    statement.bind(place, value.getDouble());
  } else if (value.isNull()) {
    statement.bind(place);
  } else {
    statement.bind(place, value.getString());
  }
}

}  // namespace

void RowCopier::copy(const std::string& table, const std::string& condition,
                     const std::vector<std::string>& keys, std::optional<int64_t> attempt) {
  Statements& prepared = statements_for(table, condition);
  for (size_t i = 0; i < keys.size(); ++i) prepared.read.bind(static_cast<int>(i) + 1, keys[i]);
  while (prepared.read.executeStep()) {
    for (int i = 0; i < static_cast<int>(prepared.columns.size()); ++i) {
      if (attempt && prepared.columns[static_cast<size_t>(i)] == "attempt") {
        prepared.write.bind(i + 1, *attempt);
      } else {
        bind(prepared.write, i + 1, prepared.read.getColumn(i));
      }
    }
    prepared.write.exec();
    prepared.write.reset();
  }
  prepared.read.reset();
}

RowCopier::Statements& RowCopier::statements_for(const std::string& table, const std::string& condition) {
  const auto known = prepared_.find({table, condition});
  if (known != prepared_.end()) return known->second;
  const std::vector<std::string> columns = columns_of(target_, table);
  const std::vector<std::string> marks(columns.size(), "?");
  SQLite::Statement read(
      source_, fmt::format("SELECT {} FROM {} WHERE {}", fmt::join(columns, ", "), table, condition));
  SQLite::Statement write(target_, fmt::format("INSERT INTO {} ({}) VALUES ({})", table,
                                               fmt::join(columns, ", "), fmt::join(marks, ", ")));
  return prepared_
      .emplace(std::pair(table, condition), Statements{columns, std::move(read), std::move(write)})
      .first->second;
}

}  // namespace promptbed
