#include "results/ledger_schema.h"

#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <iterator>

#include "results/ledger_seals.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

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
)sql",
    // Schema 4 gives every row a seal (ledger_seals.h), the ends of runs an order that no clock decides, and
    // claims the time when they were made.
    R"sql(
ALTER TABLE run ADD COLUMN sequence INTEGER;
ALTER TABLE run ADD COLUMN claimed TEXT;
UPDATE run SET sequence = place FROM (
  SELECT id AS ended_run, row_number() OVER (ORDER BY ended, rowid) AS place FROM run WHERE ended IS NOT NULL)
  WHERE id = ended_run;
CREATE INDEX run_by_sequence ON run (sequence);
ALTER TABLE run ADD COLUMN seal INTEGER;
ALTER TABLE score ADD COLUMN seal INTEGER;
ALTER TABLE refusal ADD COLUMN seal INTEGER;
ALTER TABLE epoch ADD COLUMN seal INTEGER;
ALTER TABLE execution ADD COLUMN seal INTEGER;
ALTER TABLE asked ADD COLUMN seal INTEGER;
ALTER TABLE model ADD COLUMN seal INTEGER;
)sql",
    // Schema 5 records what else a test measures, by name, and how often predictions of some confidence are
    // right. Both go with the score of their test.
    R"sql(
CREATE TABLE measurement (
  run TEXT NOT NULL,
  dataset TEXT NOT NULL,
  class_set TEXT NOT NULL,
  name TEXT NOT NULL,
  value REAL NOT NULL,
  seal INTEGER,
  PRIMARY KEY (run, dataset, class_set, name),
  FOREIGN KEY (run, dataset, class_set) REFERENCES score (run, dataset, class_set) ON DELETE CASCADE
);
CREATE TABLE reliability (
  run TEXT NOT NULL,
  dataset TEXT NOT NULL,
  class_set TEXT NOT NULL,
  bins TEXT NOT NULL,
  seal INTEGER,
  PRIMARY KEY (run, dataset, class_set),
  FOREIGN KEY (run, dataset, class_set) REFERENCES score (run, dataset, class_set) ON DELETE CASCADE
);
)sql",
    // Schema 6 records how accurate a prompt was after an epoch of its training, where that was asked for.
    R"sql(
CREATE TABLE tracked (
  run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  epoch INTEGER NOT NULL,
  class_set TEXT NOT NULL CHECK (class_set IN ('base', 'new')),
  accuracy REAL NOT NULL,
  seal INTEGER,
  PRIMARY KEY (run, epoch, class_set)
);
)sql"};

/// What a ledger before schema 6 lacks of it. Names of views that belong to a connection go before those of
/// tables.
constexpr const char* kViewsOfSchema5 = R"sql(
PRAGMA temp_store = MEMORY;
CREATE TEMP VIEW tracked AS
  SELECT '' AS run, 0 AS epoch, '' AS class_set, 0.0 AS accuracy, NULL AS seal WHERE 0;
)sql";

/// What one of schema 3 or 4 lacks of schema 5.
constexpr const char* kViewsOfSchema4 = R"sql(
CREATE TEMP VIEW measurement AS
  SELECT '' AS run, '' AS dataset, '' AS class_set, '' AS name, 0.0 AS value, NULL AS seal WHERE 0;
CREATE TEMP VIEW reliability AS
  SELECT '' AS run, '' AS dataset, '' AS class_set, '' AS bins, NULL AS seal WHERE 0;
)sql";

/// What a table of schema 3 lacks of schema 4.
constexpr const char* kViewsOfSchema3 = R"sql(
CREATE TEMP VIEW run AS
  SELECT *, iif(ended IS NULL, NULL, row_number() OVER (ORDER BY ended, rowid)) AS sequence, NULL AS claimed,
    NULL AS seal FROM main.run;
CREATE TEMP VIEW score AS SELECT *, NULL AS seal FROM main.score;
CREATE TEMP VIEW refusal AS SELECT *, NULL AS seal FROM main.refusal;
CREATE TEMP VIEW epoch AS SELECT *, NULL AS seal FROM main.epoch;
CREATE TEMP VIEW execution AS SELECT *, NULL AS seal FROM main.execution;
CREATE TEMP VIEW asked AS SELECT *, NULL AS seal FROM main.asked;
CREATE TEMP VIEW model AS SELECT *, NULL AS seal FROM main.model;
)sql";

static_assert(kSchemaVersion == 1 + static_cast<int>(std::size(kMigrations)));

int pragma(SQLite::Database& database, const char* name) {
  return database.execAndGet(fmt::format("PRAGMA {}", name)).getInt();
}

/// Takes the tables of an older schema through all later ones.
void migrate(SQLite::Database& database, int version) {
  for (; version < kSchemaVersion; ++version) database.exec(kMigrations[version - 1]);
  seal_new_rows(database);
  database.exec(fmt::format("PRAGMA user_version = {}", kSchemaVersion));
}

}  // namespace

bool is_empty(SQLite::Database& database) {
  return pragma(database, "application_id") == 0 && pragma(database, "user_version") == 0 &&
         database.execAndGet("SELECT count(*) FROM sqlite_master").getInt() == 0;
}

void create_tables(SQLite::Database& database) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  if (!is_empty(database)) return;  // another process was faster
  database.exec(kFirstSchema);
  database.exec(fmt::format("PRAGMA application_id = {}", kApplicationId));
  migrate(database, 1);
  transaction.commit();
}

int read_schema(SQLite::Database& database, const fs::path& path) {
  if (pragma(database, "application_id") != kApplicationId)
    throw Error(fmt::format("{}: is not a ledger; choose another file with --db", path.string()));
  const int version = pragma(database, "user_version");
  if (version < 1 || version > kSchemaVersion) {
    throw Error(fmt::format(
        "{}: is a ledger of schema {}, this program reads up to {}; use the program that made it or choose "
        "another file with --db",
        path.string(), version, kSchemaVersion));
  }
  return version;
}

void show_as_current(SQLite::Database& database, int version) {
  if (version < 6) database.exec(kViewsOfSchema5);
  if (version < 5) database.exec(kViewsOfSchema4);
  if (version < 4) database.exec(kViewsOfSchema3);
}

void bring_up_to_date(SQLite::Database& database, const std::function<void(int version)>& before) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  const int version = pragma(database, "user_version");
  if (version == kSchemaVersion) return;  // another process was faster
  before(version);
  migrate(database, version);
  transaction.commit();
}

}  // namespace promptbed
