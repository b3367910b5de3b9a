#include "results/ledger_schema.h"

#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/files.h"
#include "results/sample_runs.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

// The runs of the ledgers in ledgers/, on the dataset "brands".
constexpr const char* kTrained = "a1f6e35c7bdd13f6";   // coop, seed 1: done, then done again
constexpr const char* kZeroShot = "46f994b1a53296fb";  // clip_zeroshot: done
constexpr const char* kRefusing = "98873b26a989d7ec";  // csc: done, cannot serve new classes
constexpr const char* kFailed = "26dc101fcc82d0ea";    // coop, seed 2: failed twice
constexpr const char* kClaimed = "36ca119db1d4165d";   // coop, seed 4: claimed on the host "bench"
constexpr const char* kDoneBefore =
    "d1efb4f54ebeaad7";  // coop, seed 5, AdamW, a given draw: done, then failed

fs::path stored(int schema) {
  return fs::path(PROMPTBED_SOURCE_DIR) / "tests/results/ledgers" /
         ("schema-" + std::to_string(schema) + ".db");
}

int schema_of(const fs::path& path) {
  SQLite::Database database(path.string(), SQLite::OPEN_READONLY);
  return database.execAndGet("PRAGMA user_version").getInt();
}

/// A copy of the ledger that the program of the schema's time made.
class StoredLedger : public testing::TestWithParam<int> {
 protected:
  StoredLedger() { fs::copy_file(stored(GetParam()), path_); }

  bool is_older() const { return GetParam() < kSchemaVersion; }

  test::ScratchFolder scratch_;
  fs::path path_ = scratch_ / "ledger.db";
};

INSTANTIATE_TEST_SUITE_P(OfSchema, StoredLedger, testing::Values(1, 2, 3, 4, 5, 6),
                         testing::PrintToStringParamName());

TEST_P(StoredLedger, IsMigratedAndCopiedFirstIfItIsOlder) {
  const std::string before = read_file(stored(GetParam()));
  ASSERT_EQ(schema_of(path_), GetParam());
  { const Ledger ledger(path_); }
  EXPECT_EQ(schema_of(path_), kSchemaVersion);
  const fs::path copy = path_.string() + ".schema-" + std::to_string(GetParam());
  ASSERT_EQ(fs::exists(copy), is_older());
  if (is_older()) {
    EXPECT_EQ(schema_of(copy), GetParam());
    SQLite::Database database(copy.string(), SQLite::OPEN_READONLY);
    EXPECT_EQ(database.execAndGet("SELECT count(*) FROM score WHERE dataset = 'brands'").getInt(),
              GetParam() == 1 ? 5 : 7);
  }
  for (const auto& entry : fs::directory_iterator(scratch_.path()))
    EXPECT_FALSE(is_temporary_name(entry.path().filename().string())) << entry.path();
  { const Ledger again(path_); }
  EXPECT_FALSE(fs::exists(copy.string() + "-2")) << "a current ledger is not copied";
  EXPECT_EQ(read_file(stored(GetParam())), before);
}

TEST_P(StoredLedger, IsReadWithoutBeingChanged) {
  const std::string before = read_file(path_);
  const Ledger ledger = Ledger::open_existing(path_);
  EXPECT_EQ(ledger.list().size(), GetParam() == 1 ? 5u : 6u);
  EXPECT_EQ(ledger.outcome(kTrained).scores.size(), GetParam() >= 3 ? 3u : 2u);
  EXPECT_EQ(read_file(path_), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch_.path()), fs::directory_iterator()), 1);
}

TEST_P(StoredLedger, HasNoWriteAheadLogOnceItWasOpenedForWriting) {
  { const Ledger ledger(path_); }
  SQLite::Database database(path_.string(), SQLite::OPEN_READONLY);
  EXPECT_EQ(database.execAndGet("PRAGMA journal_mode").getString(), "delete");
}

TEST_P(StoredLedger, HasItsEndsInOrder) {
  const Ledger ledger(path_);
  for (const RunRecord& run : ledger.list()) {
    EXPECT_EQ(run.sequence == 0, run.ended.empty());
    for (const RunRecord& other : ledger.list()) {
      EXPECT_EQ(run.ended < other.ended, run.sequence < other.sequence) << run.id << " " << other.id;
    }
  }
}

TEST_P(StoredLedger, KeepsItsRunsAndWhoseTheyAre) {
  const Ledger ledger(path_);
  ASSERT_EQ(ledger.list().size(), GetParam() == 1 ? 5u : 6u);
  EXPECT_EQ(ledger.find(kZeroShot).status, RunStatus::done);
  EXPECT_EQ(ledger.find(kTrained).attempts, GetParam() >= 3 ? 3 : 2);
  EXPECT_EQ(ledger.find(kTrained).plugin_hash, "plugin");
  const RunRecord failed = ledger.find(kFailed);
  EXPECT_EQ(failed.status, RunStatus::failed);
  EXPECT_EQ(failed.attempts, 2);
  EXPECT_EQ(failed.error, "brands/images/a.png: is missing");
  const RunRecord claimed = ledger.find(kClaimed);
  EXPECT_EQ(claimed.status, RunStatus::running);
  ASSERT_TRUE(claimed.owner.has_value());
  EXPECT_EQ(claimed.owner->host, "bench");
  EXPECT_FALSE(Ledger(path_).claim(claimed.spec)) << "of another host nobody knows whether it lives";
}

TEST_P(StoredLedger, KeepsWhatItsRunsAreOf) {
  const Ledger ledger(path_);
  for (const RunRecord& run : ledger.list()) EXPECT_EQ(run.spec.id(), run.id) << "ids are the same as then";
  const RunSpec spec = ledger.find(kTrained).spec;
  EXPECT_EQ(spec.method, "coop");
  EXPECT_EQ(spec.options.at("scale"), OptionValue(0.5));
  EXPECT_EQ(spec.options.at("init"), OptionValue(std::string("an icon")));
  EXPECT_EQ(spec.recipe->optimiser, OptimiserKind::sgd);
  EXPECT_EQ(spec.draw, "");
  EXPECT_FALSE(ledger.find(kZeroShot).spec.recipe.has_value());
  if (GetParam() == 1) return;
  const RunRecord given = ledger.find(kDoneBefore);
  EXPECT_EQ(given.spec.draw, "0123456789abcdef");
  EXPECT_EQ(given.spec.recipe->epsilon, 1e-4);
  EXPECT_EQ(given.status, RunStatus::done);
  EXPECT_EQ(given.error, "its process ended with signal 11");
}

TEST_P(StoredLedger, KeepsScoresEpochsAndHowTheyWereMade) {
  const RunOutcome outcome = Ledger(path_).outcome(kTrained);
  ASSERT_EQ(outcome.scores.size(), GetParam() >= 3 ? 3u : 2u);
  const Score& base = outcome.scores[0];
  EXPECT_EQ(base.class_set, "base");
  EXPECT_EQ(base.accuracy, 60.5) << "of the second attempt";
  EXPECT_EQ(base.macro_f1, 59.5);
  EXPECT_EQ(base.correct, 121);
  EXPECT_EQ(base.images, 200);
  EXPECT_EQ(base.predictions_hash, "base predictions");
  EXPECT_EQ(base.split_hash, "split of brands") << "older ledgers only tested on the run's own dataset";
  EXPECT_EQ(outcome.scores[1].accuracy, 50);
  ASSERT_EQ(outcome.epochs.size(), 2u);
  EXPECT_EQ(outcome.epochs[0].loss, 2.5);
  EXPECT_EQ(outcome.epochs[0].learning_rate, 1e-5);
  EXPECT_TRUE(std::isnan(outcome.epochs[1].loss));
  EXPECT_EQ(outcome.execution.processor, "a processor");
  EXPECT_EQ(outcome.execution.seconds.at("training"), 12.25);
  EXPECT_EQ(outcome.execution.peak_memory, 1 << 30);
  EXPECT_EQ(outcome.execution.test_images, GetParam() >= 3 ? 400 : 0);
  EXPECT_EQ(outcome.draw_hash, "draw");
  EXPECT_EQ(outcome.state_hash, "state");
  EXPECT_EQ(outcome.shots.least, 7);
  EXPECT_EQ(outcome.shots.most, 16);
  EXPECT_EQ(outcome.parameters.has_value(), GetParam() >= 3);
}

TEST_P(StoredLedger, HasWhatItsTimeMeasured) {
  const std::string before = read_file(path_);
  for (const bool migrated : {false, true}) {
    if (migrated) Ledger{path_};
    const Ledger ledger = Ledger::open_existing(path_);
    if (GetParam() < 5) {
      EXPECT_TRUE(ledger.measurements().empty());
      EXPECT_TRUE(ledger.reliabilities().empty());
      EXPECT_TRUE(ledger.outcome(kTrained).measurements.empty());
      continue;
    }
    const std::vector<RunMeasurement> measurements = ledger.measurements();
    ASSERT_EQ(measurements.size(), 2u);
    EXPECT_EQ(measurements[0].run, kTrained);
    EXPECT_EQ(measurements[0].measurement.name, measured::kPerClass);
    EXPECT_EQ(measurements[0].measurement.value, 59.25);
    EXPECT_EQ(measurements[1].measurement.name, measured::kError);
    EXPECT_EQ(measurements[1].measurement.value, 12.5);
    EXPECT_EQ(ledger.outcome(kTrained).reliabilities.at(0).bins,
              (std::vector<ConfidenceBin>{{2, 1, 0.5}, {198, 120, 150.25}}));
  }
}

TEST_P(StoredLedger, HasWhatItsTimeTracked) {
  for (const bool migrated : {false, true}) {
    if (migrated) Ledger{path_};
    const std::vector<TrackedAccuracy> tracked = Ledger::open_existing(path_).outcome(kTrained).tracked;
    if (GetParam() < 6) {
      EXPECT_TRUE(tracked.empty());
      continue;
    }
    ASSERT_EQ(tracked.size(), 2u);
    EXPECT_EQ(tracked[0].epoch, 1);
    EXPECT_EQ(tracked[0].class_set, "base");
    EXPECT_EQ(tracked[0].accuracy, 58.5);
    EXPECT_EQ(tracked[1].class_set, "new");
    EXPECT_EQ(tracked[1].accuracy, 51.25);
  }
}

TEST_P(StoredLedger, SaysWhatCouldNotBeTested) {
  const std::vector<RunRefusal> refusals = Ledger(path_).refusals({.methods = {"csc"}});
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals[0].run, kRefusing);
  EXPECT_EQ(refusals[0].refusal.class_set, "new");
  EXPECT_EQ(refusals[0].refusal.split_hash, "split of brands");
  // Schema 1 did not record the reason; there was only one.
  EXPECT_EQ(refusals[0].refusal.reason, GetParam() == 1
                                            ? "csc: cannot serve classes that it was not trained on"
                                            : "csc: has no context for a class that it was not trained on");
}

TEST_P(StoredLedger, KnowsTheProtocolsOfItsRuns) {
  const Ledger ledger(path_);
  if (GetParam() < 3) {
    EXPECT_EQ(ledger.list({.protocol = "base-new"}).size(), ledger.list().size()) << "the only protocol then";
    EXPECT_TRUE(ledger.models().empty());
  } else {
    EXPECT_EQ(ledger.find(kTrained).protocols,
              (std::vector<Protocol>{Protocol::base_new, Protocol::cross_dataset}));
    EXPECT_EQ(ledger.list({.protocol = "base-new"}).size(), 3u);
    EXPECT_EQ(ledger.find(kTrained).error, "all of media: an image is missing");
    EXPECT_EQ(ledger.outcome(kTrained).scores[2].dataset, "office");
    EXPECT_EQ(ledger.outcome(kTrained).refusals.at(0).split_hash, "split of places");
    EXPECT_EQ(ledger.models().at(0).name, "ViT-B-16");
  }
}

/// Migrations in adverse circumstances.
class LedgerOfSchema1 : public testing::Test {
 protected:
  LedgerOfSchema1() { fs::copy_file(stored(1), path_); }

  test::ScratchFolder scratch_;
  fs::path path_ = scratch_ / "ledger.db";
};

TEST_F(LedgerOfSchema1, NeverReplacesAnEarlierCopy) {
  write_file(scratch_ / "ledger.db.schema-1", "kept");
  { const Ledger ledger(path_); }
  EXPECT_EQ(read_file(scratch_ / "ledger.db.schema-1"), "kept");
  EXPECT_EQ(schema_of(scratch_ / "ledger.db.schema-1-2"), 1);
}

TEST_F(LedgerOfSchema1, IsCopiedOnceMoreWhereACopyWasCutShort) {
  const fs::path half = temporary_name(scratch_ / "ledger.db.schema-1");
  write_file(half, "half");
  write_file(half.string() + "-journal", "half");
  { const Ledger ledger(path_); }
  EXPECT_EQ(scratch_.names(), (std::vector<std::string>{"ledger.db", "ledger.db.schema-1"}));
}

TEST_F(LedgerOfSchema1, StaysAsItIsIfItCannotBeCopied) {
  // The copy's name has room for what a temporary file has more, but not for that one's journal.
  const fs::path path = scratch_ / std::string(220, 'l');
  fs::rename(path_, path);
  EXPECT_ERROR(Ledger{path}, ": is a ledger of schema 1 and must be copied before it is migrated");
  EXPECT_EQ(schema_of(path), 1);
  for (const auto& entry : fs::directory_iterator(scratch_.path()))
    EXPECT_FALSE(is_temporary_name(entry.path().filename().string())) << "half a copy: " << entry.path();
}

}  // namespace
}  // namespace promptbed
