#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/VariadicBind.h>

#include <optional>
#include <string>
#include <unordered_map>

namespace promptbed {

/// A connection that keeps what it has prepared: SQLite takes longer to parse a ledger's statements than to
/// execute most of them, and a sweep makes the same few for every run. For one thread. Throws
/// SQLite::Exception.
class LedgerDatabase : public SQLite::Database {
 public:
  using SQLite::Database::Database;
  LedgerDatabase(LedgerDatabase&&) = default;
  LedgerDatabase& operator=(LedgerDatabase&&) = delete;  // would close a connection before its statements

  /// Executes a statement with its question marks bound in order.
  template <class... Values>
  void execute(const std::string& sql, const Values&... values) {
    const Use use(prepared(sql));
    SQLite::bind(use.statement, values...);
    use.statement.exec();
  }

  /// What `read` makes of the first row; nothing if there is none. It must not execute the same statement.
  template <class Read, class... Values>
  auto first(const std::string& sql, const Read& read, const Values&... values) {
    const Use use(prepared(sql));
    SQLite::bind(use.statement, values...);
    return use.statement.executeStep() ? std::optional(read(use.statement)) : std::nullopt;
  }

 private:
  /// A statement that is done with is reset at once: it would hold a lock, and keep a transaction from
  /// ending.
  struct Use {
    SQLite::Statement& statement;
    explicit Use(SQLite::Statement& used) : statement(used) { statement.clearBindings(); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() { statement.tryReset(); }
  };

  SQLite::Statement& prepared(const std::string& sql) {
    const auto found = statements_.find(sql);
    return found != statements_.end() ? found->second
                                      : statements_.try_emplace(sql, *this, sql).first->second;
  }

  std::unordered_map<std::string, SQLite::Statement> statements_;
};

}  // namespace promptbed
