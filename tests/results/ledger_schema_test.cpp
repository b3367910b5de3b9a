#include "results/ledger_schema.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "report/grid/accuracy_tables.h"
#include "report/texts.h"
#include "results/sample_runs.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using test::sample_spec;

/// A ledger as schema 1 had it: coop on brands was tested on base and new classes, csc on base classes alone.
class LedgerOfSchema1 : public ::testing::Test {
 protected:
  LedgerOfSchema1() {
    {
      Ledger ledger(path_);
      test::record(ledger, sample_spec(), 60, 50);
      RunOutcome refused = test::sample_outcome("brands", 70, 0);
      refused.scores.pop_back();
      ledger.claim(sample_spec("brands", 1, "csc"));
      test::finish(ledger, sample_spec("brands", 1, "csc").id(), refused);
    }
    SQLite::Database database(path_.string(), SQLite::OPEN_READWRITE);
    database.exec(
        "DROP VIEW result; DROP TABLE asked; DROP TABLE model; DROP TABLE refusal;"
        "ALTER TABLE run DROP COLUMN parameters; ALTER TABLE run DROP COLUMN parameters_without_biases;"
        "ALTER TABLE score DROP COLUMN split_hash; ALTER TABLE execution DROP COLUMN test_images; PRAGMA "
        "user_version = 1");
  }

  static int schema_of(const fs::path& path) {
    SQLite::Database database(path.string(), SQLite::OPEN_READONLY);
    return database.execAndGet("PRAGMA user_version").getInt();
  }

  test::ScratchFolder scratch_;
  fs::path path_ = scratch_ / "ledger.db";
};

TEST_F(LedgerOfSchema1, IsBroughtUpToDateWithItsRuns) {
  const Ledger ledger = Ledger::open_existing(path_);
  EXPECT_EQ(schema_of(path_), 3);
  EXPECT_EQ(ledger.outcome(sample_spec().id()).scores.size(), 2u);
  ASSERT_EQ(ledger.refusals().size(), 1u);
  const auto [run, refusal] = ledger.refusals()[0];
  EXPECT_EQ(run, sample_spec("brands", 1, "csc").id());
  EXPECT_EQ(refusal.class_set, "new");
  EXPECT_EQ(refusal.reason, "csc: cannot serve classes that it was not trained on");
  EXPECT_EQ(test::texts(base_new_report(make_grid(Snapshot(ledger), {.methods = {"csc"}}, Protocol::base_new))
                            .table.rows.back()),
            (std::vector<std::string>{"brands", "70.00", "cannot", "cannot"}));
}

TEST_F(LedgerOfSchema1, HasRunsOfTheOneProtocolThatThereWas) {
  const Ledger ledger = Ledger::open_existing(path_);
  EXPECT_EQ(ledger.list({.protocol = "base-new"}).size(), 2u);
  EXPECT_TRUE(ledger.list({.protocol = "few-shot"}).empty());
  const RunRecord run = ledger.find(sample_spec().id());
  EXPECT_EQ(run.protocols, std::vector<Protocol>{Protocol::base_new});
  EXPECT_FALSE(run.parameters.has_value());
  for (const RunScore& entry : ledger.scores()) EXPECT_EQ(entry.score.split_hash, "split of brands");
  EXPECT_EQ(ledger.refusals().at(0).refusal.split_hash, "split of brands");
}

TEST_F(LedgerOfSchema1, IsCopiedBesideItselfFirst) {
  { const Ledger ledger(path_); }
  const fs::path copy = scratch_ / "ledger.db.schema-1";
  ASSERT_TRUE(fs::exists(copy));
  EXPECT_EQ(schema_of(copy), 1);
  SQLite::Database database(copy.string(), SQLite::OPEN_READONLY);
  EXPECT_EQ(database.execAndGet("SELECT count(*) FROM score").getInt(), 3);
  EXPECT_FALSE(fs::exists(copy.string() + ".part"));
  { const Ledger again(path_); }
  EXPECT_FALSE(fs::exists(copy.string() + "-2")) << "a ledger that is up to date is not copied";
}

TEST_F(LedgerOfSchema1, NeverReplacesAnEarlierCopy) {
  write_file(scratch_ / "ledger.db.schema-1", "kept");
  { const Ledger ledger(path_); }
  EXPECT_EQ(read_file(scratch_ / "ledger.db.schema-1"), "kept");
  EXPECT_EQ(schema_of(scratch_ / "ledger.db.schema-1-2"), 1);
}

TEST_F(LedgerOfSchema1, StaysAsItIsWhereItCannotBeCopied) {
  fs::create_directories(scratch_ / "ledger.db.schema-1.part/in the way");
  EXPECT_ERROR(Ledger{path_}, "ledger.db: is a ledger of schema 1 and has to be copied before it is brought");
  EXPECT_EQ(schema_of(path_), 1);
}

}  // namespace
}  // namespace promptbed
