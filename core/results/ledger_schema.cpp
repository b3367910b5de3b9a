#include "results/ledger_schema.h"

#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <sqlite3.h>

#include <chrono>
#include <iterator>
#include <system_error>
#include <thread>

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int kBusyTimeoutMs = 30'000;
constexpr int kApplicationId = 0x50424c47;  // "PBLG": distinguishes ledgers from other SQLite files

/// The tables of schema 1. SQLite itself extracts the columns to filter on from the spec, so that they cannot
/// disagree with it.
constexpr const char* kFirstSchema = R"sql(
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

/// What turns each schema into the next one. A new ledger goes through all of them.
constexpr const char* kMigrations[] = {
    // Schema 2 records why a run has no score on a class set. Until then the only reason was that the method
    // had refused the classes.
    R"sql(
CREATE TABLE refusal (
  run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  dataset TEXT NOT NULL,
  class_set TEXT NOT NULL CHECK (class_set IN ('base', 'new', 'all')),
  reason TEXT NOT NULL,
  PRIMARY KEY (run, dataset, class_set)
);
INSERT INTO refusal
  SELECT run.id, run.dataset, 'new', run.method || ': cannot serve classes that it was not trained on'
  FROM score JOIN run ON run.id = score.run AND run.dataset = score.dataset
  WHERE score.class_set = 'base' AND NOT EXISTS (
    SELECT 1 FROM score AS other
    WHERE other.run = run.id AND other.dataset = run.dataset AND other.class_set = 'new');
)sql",
    // Schema 3 adds protocols (until then there was only base-new); tests on other datasets, each with the
    // hash of that dataset's split; how many parameters a method learned; model names; and a view for people.
    R"sql(
CREATE TABLE asked (
  run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  protocol TEXT NOT NULL,
  PRIMARY KEY (run, protocol)
);
INSERT INTO asked SELECT id, 'base-new' FROM run;
CREATE TABLE model (
  fingerprint TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  architecture TEXT NOT NULL
);
ALTER TABLE execution ADD COLUMN test_images INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN parameters INTEGER;
ALTER TABLE run ADD COLUMN parameters_without_biases INTEGER;
ALTER TABLE score ADD COLUMN split_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE refusal ADD COLUMN split_hash TEXT NOT NULL DEFAULT '';
UPDATE score SET split_hash = (SELECT json_extract(spec, '$.split_hash') FROM run WHERE id = score.run);
UPDATE refusal SET split_hash = (SELECT json_extract(spec, '$.split_hash') FROM run WHERE id = refusal.run);
CREATE VIEW result AS
  SELECT run.id AS run, run.method, run.dataset AS trained_on, run.classes AS trained_classes, run.shots,
    run.seed, score.dataset AS tested_on, score.class_set, score.images, score.correct, score.accuracy,
    score.macro_f1, run.parameters, json_extract(run.spec, '$.options') AS options,
    json_extract(run.spec, '$.views') AS views, json_extract(run.spec, '$.precision') AS precision,
    run.model, run.ended
  FROM score JOIN run ON run.id = score.run;
)sql"};

constexpr int kSchemaVersion = 1 + static_cast<int>(std::size(kMigrations));

int pragma(SQLite::Database& database, const char* name) {
  return database.execAndGet(fmt::format("PRAGMA {}", name)).getInt();
}

bool is_empty(SQLite::Database& database) {
  return pragma(database, "application_id") == 0 && pragma(database, "user_version") == 0 &&
         database.execAndGet("SELECT count(*) FROM sqlite_master").getInt() == 0;
}

/// SQLite's busy timeout does not apply to the switch to write-ahead logging, so this waits for other
/// processes.
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

/// Takes the tables of an older schema through all later ones.
void migrate(SQLite::Database& database, int version) {
  for (; version < kSchemaVersion; ++version) database.exec(kMigrations[version - 1]);
  database.exec(fmt::format("PRAGMA user_version = {}", kSchemaVersion));
}

void create_tables(SQLite::Database& database) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  if (!is_empty(database)) return;  // another process was faster
  database.exec(kFirstSchema);
  database.exec(fmt::format("PRAGMA application_id = {}", kApplicationId));
  migrate(database, 1);
  transaction.commit();
}

/// The first free one of "ledger.db.schema-1", "ledger.db.schema-1-2", ...
fs::path free_copy_path(const fs::path& path, int version) {
  const std::string name = fmt::format("{}.schema-{}", path.string(), version);
  fs::path free = name;
  for (int i = 2; fs::exists(free); ++i) free = fmt::format("{}-{}", name, i);
  return free;
}

/// Copies everything committed in a ledger. The copy gets its name once it is complete.
void copy_beside(const fs::path& path, int version) {
  const fs::path copy = free_copy_path(path, version);
  const fs::path part = copy.string() + ".part";
  fs::remove(part);
  SQLite::Database reader(path.string(), SQLite::OPEN_READONLY, kBusyTimeoutMs);
  reader.backup(part.c_str(), SQLite::Database::Save);
  fs::rename(part, copy);
}

/// Migrates a ledger of an older schema to the current one, completely or not at all.
void bring_up_to_date(SQLite::Database& database, const fs::path& path) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  const int version = pragma(database, "user_version");
  if (version == kSchemaVersion) return;  // another process was faster
  try {
    copy_beside(path, version);
  } catch (const std::exception& fault) {
    throw Error(
        fmt::format("{}: is a ledger of schema {} and must be copied before it is migrated to schema {}, "
                    "which failed ({}); free space beside it or choose another file with --db",
                    path.string(), version, kSchemaVersion, fault.what()));
  }
  migrate(database, version);
  transaction.commit();
}

/// Throws Error for what this program cannot read, and migrates older ledgers.
void check_schema(SQLite::Database& database, const fs::path& path) {
  if (pragma(database, "application_id") != kApplicationId)
    throw Error(fmt::format("{}: is not a ledger; choose another file with --db", path.string()));
  const int version = pragma(database, "user_version");
  if (version < 1 || version > kSchemaVersion) {
    throw Error(fmt::format(
        "{}: is a ledger of schema {}, this program reads up to {}; use the program that made it or choose "
        "another file with --db",
        path.string(), version, kSchemaVersion));
  }
  if (version < kSchemaVersion) bring_up_to_date(database, path);
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
    check_schema(database, path);
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
    check_schema(database, path);
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
      throw error("{}: is not a ledger; choose another file with --db");
    case SQLITE_CORRUPT:
      throw error("{}: is a damaged ledger ({}); restore it from a copy or choose another file with --db");
    case SQLITE_BUSY:
      throw error("{}: another process has locked the ledger for half a minute; end it and try again");
    default:
      throw error("{}: the ledger cannot be used ({}); check the path, its permissions and the free space");
  }
}

}  // namespace promptbed
