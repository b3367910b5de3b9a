#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/VariadicBind.h>

#include <string>

namespace promptbed {

/// A statement with its question marks filled in order.
template <class... Values>
SQLite::Statement statement(SQLite::Database& database, const std::string& sql, const Values&... values) {
  SQLite::Statement prepared(database, sql);
  SQLite::bind(prepared, values...);
  return prepared;
}

}  // namespace promptbed
