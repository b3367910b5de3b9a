#include "results/ledger_schema.h"

#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <sqlite3.h>

#include <chrono>
#include <system_error>
#include <thread>

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int kBusyTimeoutMs = 30'000;
constexpr int kApplicationId = 0x50424c47;  // "PBLG": tells a ledger from other SQLite files
constexpr int kSchemaVersion = 1;

/// The columns to filter on are taken out of the spec by SQLite itself, so that they cannot disagree with it.
constexpr const char* kTables = R"sql(
CREATE TABLE run (
  id TEXT PRIMARY KEY,
  spec TEXT NOT NULL,
  model TEXT NOT NULL GENERATED ALWAYS AS (json_extract(spec, '$.model')) STORED,
  dataset TEXT NOT NULL GENERATED ALWAYS AS (json_extract(spec, '$.dataset')) STORED,
  classes TEXT NOT NULL GENERATED ALWAYS AS (json_extract(spec, '$.classes')) STORED,
  shots INTEGER NOT NULL GENERATED ALWAYS AS (json_extract(spec, '$.shots')) STORED,
  seed INTEGER NOT NULL GENERATED ALWAYS AS (json_extract(spec, '$.seed')) STORED,
  method TEXT NOT NULL GENERATED ALWAYS AS (json_extract(spec, '$.method')) STORED,
  method_version INTEGER NOT NULL GENERATED ALWAYS AS (json_extract(spec, '$.method_version')) STORED,
  status TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed')),
  attempts INTEGER NOT NULL,
  error TEXT,
  created TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  ended TEXT,
  host TEXT,
  pid INTEGER,
  process_start TEXT,
  draw_hash TEXT,
  class_names_hash TEXT,
  state_hash TEXT,
  shots_least INTEGER,
  shots_most INTEGER
);
CREATE TABLE score (
  run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  dataset TEXT NOT NULL,
  class_set TEXT NOT NULL CHECK (class_set IN ('base', 'new', 'all')),
  images INTEGER NOT NULL,
  correct INTEGER NOT NULL,
  accuracy REAL NOT NULL,
  macro_f1 REAL NOT NULL,
  predictions_hash TEXT NOT NULL,
  PRIMARY KEY (run, dataset, class_set)
);
CREATE TABLE epoch (
  run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  epoch INTEGER NOT NULL,
  loss REAL,
  learning_rate REAL NOT NULL,
  seconds REAL NOT NULL,
  PRIMARY KEY (run, epoch)
);
CREATE TABLE execution (
  run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  host TEXT NOT NULL,
  processor TEXT NOT NULL,
  threads INTEGER NOT NULL,
  precision TEXT NOT NULL,
  torch_version TEXT NOT NULL,
  blas TEXT NOT NULL,
  code_version TEXT NOT NULL,
  dirty INTEGER NOT NULL,
  plugin_hash TEXT NOT NULL,
  seconds TEXT NOT NULL,
  cache_hits INTEGER NOT NULL,
  peak_memory INTEGER NOT NULL,
  PRIMARY KEY (run, attempt)
);
)sql";

int pragma(SQLite::Database& database, const char* name) {
  return database.execAndGet(fmt::format("PRAGMA {}", name)).getInt();
}

bool is_empty(SQLite::Database& database) {
  return pragma(database, "application_id") == 0 && pragma(database, "user_version") == 0 &&
         database.execAndGet("SELECT count(*) FROM sqlite_master").getInt() == 0;
}

/// SQLite does not wait for other processes that are in the file while it changes to write-ahead logging.
void switch_to_write_ahead_log(SQLite::Database& database) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kBusyTimeoutMs);
  while (true) {
    try {
      database.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (const SQLite::Exception& fault) {
      if (fault.getErrorCode() != SQLITE_BUSY || std::chrono::steady_clock::now() > deadline) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
}

void create_tables(SQLite::Database& database) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  if (!is_empty(database)) return;  // another process was faster
  database.exec(kTables);
  database.exec(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplicationId, kSchemaVersion));
  transaction.commit();
}

void check_is_ledger(SQLite::Database& database, const fs::path& path) {
  if (pragma(database, "application_id") != kApplicationId)
    throw Error(fmt::format("{}: is no ledger; choose another file with --db", path.string()));
  if (const int version = pragma(database, "user_version"); version != kSchemaVersion) {
    throw Error(fmt::format(
        "{}: is a ledger of schema {}, this program reads {}; use the program that made it or choose "
        "another file with --db",
        path.string(), version, kSchemaVersion));
  }
}

}  // namespace

SQLite::Database create_ledger_database(const fs::path& path) {
  std::error_code failure;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), failure);
  try {
    SQLite::Database database(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyTimeoutMs);
    database.exec("PRAGMA foreign_keys = ON");
    if (is_empty(database)) {
      switch_to_write_ahead_log(database);
      create_tables(database);
    }
    check_is_ledger(database, path);
    return database;
  } catch (const SQLite::Exception& fault) {
    throw_ledger_error(path, fault);
  }
}

SQLite::Database open_ledger_database(const fs::path& path) {
  std::error_code failure;
  if (!fs::exists(path, failure)) {
    throw Error(fmt::format("{}: no such ledger; make one with `runner sweep` or name another with --db",
                            path.string()));
  }
  try {
    SQLite::Database database(path.string(), SQLite::OPEN_READWRITE, kBusyTimeoutMs);
    database.exec("PRAGMA foreign_keys = ON");
    check_is_ledger(database, path);
    return database;
  } catch (const SQLite::Exception& fault) {
    throw_ledger_error(path, fault);
  }
}

void throw_ledger_error(const fs::path& path, const SQLite::Exception& fault) {
  const auto error = [&](const char* format) {
    return Error(fmt::format(fmt::runtime(format), path.string(), fault.what()));
  };
  switch (fault.getErrorCode()) {
    case SQLITE_NOTADB:
      throw error("{}: is no ledger; choose another file with --db");
    case SQLITE_CORRUPT:
      throw error("{}: is a damaged ledger ({}); restore it from a copy or choose another file with --db");
    case SQLITE_BUSY:
      throw error("{}: another process has kept the ledger locked for half a minute; end it and try again");
    default:
      throw error("{}: the ledger cannot be used ({}); check the path, its permissions and the free space");
  }
}

}  // namespace promptbed
