#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace promptbed {

/// Copies rows of one ledger's tables into another's, without their seals. Statements are prepared once for
/// all rows. Throws SQLite::Exception.
class RowCopier {
 public:
  /// Both must outlive it.
  RowCopier(SQLite::Database& source, SQLite::Database& target) : source_(source), target_(target) {}

  /// The rows of a table where `condition` holds, whose question marks `keys` fill; as the given attempt, in
  /// the place of their own.
  void copy(const std::string& table, const std::string& condition, const std::vector<std::string>& keys,
            std::optional<int64_t> attempt = {});

 private:
  struct Statements {
    std::vector<std::string> columns;
    SQLite::Statement read, write;
  };

  Statements& statements_for(const std::string& table, const std::string& condition);

  SQLite::Database& source_;
  SQLite::Database& target_;
  std::map<std::pair<std::string, std::string>, Statements> prepared_;  // by table and condition
};

}  // namespace promptbed
