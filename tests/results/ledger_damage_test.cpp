#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "results/ledger_check.h"
#include "results/ledger_seals.h"
#include "results/run_files.h"
#include "results/sample_runs.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// A ledger of two runs, one of them trained, that something damages.
class DamagedLedger : public ::testing::Test {
 protected:
  DamagedLedger() {
    Ledger ledger(path_);
    RunOutcome measured = test::sample_outcome("brands", 60, 50);
    test::add_measurements(measured, "brands", "new", 49, 70);
    measured.tracked = {{0, "base", 55}, {0, "new", 51}};
    ledger.claim(spec_);
    ledger.ask("base-new", {id_});
    test::finish(ledger, id_, measured);
    RunOutcome refusing = test::sample_outcome("office", 40, 30);
    refusing.scores.pop_back();
    refusing.refusals = {{"office", "new", "has no weights"}};
    ledger.claim(other_);
    test::finish(ledger, other_.id(), refusing);
    ledger.ask("few-shot", {other_.id()});
    ledger.describe({"6d6f64656c", "ViT-B-16", "ViT-B/16"});
    test::write_sample_prompt(path_, spec_);
    test::write_sample_prompt(path_, other_);
  }

  /// Changes the ledger as another program would: without sealing what it writes.
  void change(const std::string& sql) const {
    SQLite::Database database(path_.string(), SQLite::OPEN_READWRITE);
    database.exec(sql);
  }

  struct Column {
    std::string table, name, type;
  };

  /// All columns of all tables but those that SQLite computes from others.
  std::vector<Column> columns() const {
    SQLite::Database database(path_.string(), SQLite::OPEN_READONLY);
    SQLite::Statement row(database,
                          "SELECT m.name, c.name, c.type FROM sqlite_master AS m "
                          "JOIN pragma_table_xinfo(m.name) AS c WHERE m.type = 'table' AND c.hidden = 0");
    std::vector<Column> found;
    while (row.executeStep()) found.push_back({row.getColumn(0), row.getColumn(1), row.getColumn(2)});
    return found;
  }

  /// Changes the column's value in one row. JSON stays JSON.
  void change(const Column& column) const {
    const std::string other = column.type == "TEXT" ? fmt::format("ifnull({}, '') || ' '", column.name)
                                                    : fmt::format("ifnull({}, 0) + 1", column.name);
    change(
        fmt::format("PRAGMA ignore_check_constraints = ON; "
                    "UPDATE {0} SET {1} = {2} WHERE rowid = (SELECT max(rowid) FROM {0})",
                    column.table, column.name, other));
  }

  void read_all() const {
    const Ledger read = ledger();
    read.list();
    read.scores();
    read.refusals();
    read.measurements();
    read.reliabilities();
    read.tracked();
    read.epochs();
    read.executions();
    read.models();
  }

  /// The same as change(), by somebody who seals it.
  void forge(const std::string& sql) const {
    SQLite::Database database(path_.string(), SQLite::OPEN_READWRITE);
    add_seal_function(database);
    database.exec(sql);
    for (const std::string table : {"run", "score"}) database.exec("UPDATE " + table + " SET seal = NULL");
    seal_new_rows(database);
  }

  Ledger ledger() const { return Ledger::open_existing(path_); }

  test::ScratchFolder scratch_;
  fs::path path_ = scratch_ / "runs/ledger.db";
  RunSpec spec_ = test::sample_spec(), other_ = test::sample_spec("office");
  std::string id_ = spec_.id();
};

TEST_F(DamagedLedger, ThatIsNotDamagedHasNoFindings) {
  EXPECT_EQ(check_ledger(path_), std::vector<std::string>());
}

TEST_F(DamagedLedger, EveryChangedValueShowsWhenItIsReadAndWhenItIsChecked) {
  // Claims, attempts, errors and times are not sealed (docs/trust.md).
  const std::set<std::string> unsealed = {"run.status",  "run.attempts",      "run.error",
                                          "run.created", "run.ended",         "run.host",
                                          "run.pid",     "run.process_start", "run.claimed"};
  const std::string whole = read_file(path_);
  size_t changed = 0, left_out = 0;
  for (const Column& column : columns()) {
    const std::string name = column.table + '.' + column.name;
    SCOPED_TRACE(name);
    if (unsealed.contains(name)) {
      ++left_out;
      continue;
    }
    change(column);
    EXPECT_THROW(read_all(), Error);
    EXPECT_FALSE(check_ledger(path_).empty());
    std::ofstream(path_, std::ios::binary) << whole;  // and not write_file(), which waits for the disk
    ++changed;
  }
  EXPECT_EQ(left_out, unsealed.size());
  EXPECT_GT(changed, 50u);
  EXPECT_EQ(check_ledger(path_), std::vector<std::string>());
}

TEST_F(DamagedLedger, AScoreThatItsCountsContradictIsNamed) {
  forge("UPDATE score SET accuracy = 61.2 WHERE run = '" + id_ + "' AND class_set = 'base'");
  const std::string line = path_.string() + ": run " + id_ +
                           ": its score on base of brands: accuracy 61.2, but 120 of 200 images are 60";
  EXPECT_ERROR(ledger().scores(),
               line + "; restore the ledger from a copy, or delete that run and sweep again");
  EXPECT_EQ(check_ledger(path_), std::vector<std::string>{line});
}

TEST_F(DamagedLedger, CountsThatCannotBeAreNamed) {
  for (const char* counts :
       {"correct = 201, accuracy = 100.5", "images = 0", "correct = -1, accuracy = -0.5"}) {
    const std::string whole = read_file(path_);
    forge(std::string("UPDATE score SET ") + counts);
    EXPECT_ERROR(ledger().scores(), "images cannot be right");
    write_file(path_, whole);
  }
}

TEST_F(DamagedLedger, ARunWhoseIdIsNotTheHashOfItsSettingsIsNamed) {
  forge("UPDATE run SET spec = json_set(spec, '$.seed', 7) WHERE id = '" + id_ + "'");
  EXPECT_ERROR(ledger().list(), "run " + id_ + ": its id is not the hash of its settings");
}

TEST_F(DamagedLedger, NoPathIsMadeFromAForgedId) {
  write_file(scratch_ / "victim/important.safetensors", "important");
  change("UPDATE run SET id = '../../victim/important' WHERE id = '" + id_ + "'");
  EXPECT_ERROR(ledger().list(), "its id is not the hash of its settings");
  EXPECT_ERROR(Ledger(path_).remove("../../victim/important"), "that is no run's id");
  EXPECT_FALSE(check_ledger(path_).empty());
}

TEST_F(DamagedLedger, AStatusThatThereIsNotIsNoRunningRun) {
  change("PRAGMA ignore_check_constraints = ON; UPDATE run SET status = 'eone'");
  EXPECT_ERROR(ledger().list(), "has no status eone");
}

TEST_F(DamagedLedger, AStatusThatDoesNotGoWithWhatIsRecordedIsAFinding) {
  const auto is_found = [&](const std::string& fault) {
    return std::ranges::any_of(check_ledger(path_), [&](const std::string& finding) {
      return finding.find("run " + id_ + ": " + fault) != std::string::npos;
    });
  };
  change("UPDATE run SET status = 'failed' WHERE id = '" + id_ + "'");
  EXPECT_TRUE(is_found("is failed, and has no error"));
  change("UPDATE run SET status = 'done', draw_hash = NULL, seal = NULL WHERE id = '" + id_ + "'");
  EXPECT_TRUE(is_found("is done, and no training of it is recorded"));
}

TEST_F(DamagedLedger, ThatLacksATableIsAFinding) {
  change("DROP TABLE epoch");
  const std::vector<std::string> found = check_ledger(path_);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].find("no such table: epoch"), std::string::npos) << found[0];
  EXPECT_ERROR(ledger().epochs(), "is a damaged ledger (no such table: epoch)");
}

TEST_F(DamagedLedger, ABitOfTheFileThatFlipsIsFoundWhereverItMatters) {
  const std::string whole = read_file(path_);
  const auto contents = [&] {
    std::string text;
    const Ledger read = ledger();
    for (const RunRecord& run : read.list()) text += run.id + run.spec.canonical().dump() + *run.kept_state;
    for (const RunScore& score : read.scores())
      text += score.run + score.score.dataset + score.score.class_set + std::to_string(score.score.accuracy);
    for (const RunEpoch& epoch : read.epochs()) text += epoch.run + std::to_string(epoch.epoch.loss);
    return text;
  };
  const std::string expected = contents();
  int noticed = 0;
  constexpr size_t kStep = 211;  // in all, a second
  for (size_t byte = 0; byte < whole.size(); byte += kStep) {
    std::string flipped = whole;
    flipped[byte] = static_cast<char>(flipped[byte] ^ (1 << (byte % 8)));
    std::ofstream(path_, std::ios::binary) << flipped;  // and not write_file(), which waits for the disk
    try {
      const bool is_sound = check_ledger(path_).empty();
      if (is_sound) {
        EXPECT_EQ(contents(), expected) << "byte " << byte;
      }
      noticed += is_sound ? 0 : 1;
    } catch (const Error&) {
      ++noticed;
    }
  }
  EXPECT_GT(noticed, 0);
}

TEST_F(DamagedLedger, FilesThatBelongToNoRunAreFindings) {
  const fs::path stray = prompt_path(path_, "0123456789abcdef");
  write_file(stray, "a prompt");
  write_file(log_path(path_, "0123456789abcdef"), "a log");
  const fs::path left = pending_prompt_path(path_, id_);
  write_file(left, "half a prompt");
  fs::remove(prompt_path(path_, other_.id()));
  const std::vector<std::string> found = check_ledger(path_);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0], prompt_path(path_, other_.id()).string() +
                          ": is missing, although its run is done; train it once more with --force");
  EXPECT_NE(std::ranges::find(found, stray.string() + ": belongs to no run of a ledger here; delete it"),
            found.end());
  EXPECT_NE(
      std::ranges::find(found, left.string() + ": was left by a killed process; delete it, or sweep again"),
      found.end());
  remove_abandoned_files(ledger());
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(stray)) << "perhaps another ledger's";
}

TEST_F(DamagedLedger, APromptOfWhichABitFlipsIsFound) {
  const fs::path prompt = prompt_path(path_, id_);
  const std::string whole = read_file(prompt);
  const auto findings_with = [&](size_t byte) {
    std::string flipped = whole;
    flipped[byte] = static_cast<char>(flipped[byte] ^ 1);
    std::ofstream(prompt, std::ios::binary) << flipped;
    return check_ledger(path_);
  };
  EXPECT_EQ(findings_with(whole.size() - 1),
            std::vector<std::string>{prompt.string() +
                                     ": is damaged (it does not match its hash); restore a copy, or train it "
                                     "once more with --force"});
  // A prompt whose hash goes by another name looks like one of an earlier version.
  const size_t name = whole.find(kPromptHash), after_name = name + std::string_view(kPromptHash).size();
  for (size_t byte = 0; byte < whole.size(); byte += 3) {
    if (byte >= name && byte < after_name) continue;
    EXPECT_FALSE(findings_with(byte).empty()) << byte;
  }
}

TEST_F(DamagedLedger, APromptThatIsNotOfTheRecordedStateIsFound) {
  const fs::path prompt = prompt_path(path_, id_);
  constexpr std::array<std::byte, 1> kOther = {std::byte{9}};
  const std::array<TensorBytes, 1> newer = {{{.name = "ctx", .type = "U8", .shape = {1}, .bytes = kOther}}};
  write_safetensors_file(prompt, newer);
  EXPECT_EQ(check_ledger(path_),
            std::vector<std::string>{prompt.string() +
                                     ": is not what its run has recorded; train it once more with --force"});
}

TEST_F(DamagedLedger, FilesOfAnotherLedgerInTheSameFolderAreNone) {
  const RunSpec theirs = test::sample_spec("places");
  {
    Ledger another(path_.parent_path() / "another.db");
    test::record(another, theirs, 70, 60);
  }
  test::write_sample_prompt(path_, theirs);
  EXPECT_EQ(check_ledger(path_), std::vector<std::string>());
}

TEST_F(DamagedLedger, FilesOfRunsAtWorkInAnotherLedgerInTheSameFolderAreNone) {
  Ledger another(path_.parent_path() / "another.db");
  another.claim(spec_);  // done here, and at work there
  const RunSpec theirs = test::sample_spec("places");
  another.claim(theirs);
  write_file(pending_prompt_path(path_, id_), "half a prompt");
  write_file(pending_prompt_path(path_, theirs.id()), "half a prompt");
  EXPECT_EQ(check_ledger(path_), std::vector<std::string>());
}

TEST_F(DamagedLedger, NoFileIsToBeDeletedIfAnotherLedgerThereCannotBeRead) {
  const fs::path another = path_.parent_path() / "another.db";
  write_file(another, std::string("SQLite format 3\0", 16) + "and then something else");
  const fs::path stray = prompt_path(path_, "0123456789abcdef"), pending = pending_prompt_path(path_, id_);
  write_file(stray, "a prompt");
  write_file(pending, "half a prompt");
  std::vector<std::string> found = check_ledger(path_);
  std::ranges::sort(found);
  std::vector<std::string> expected = {
      stray.string() + ": belongs to no run of a ledger here, but " + another.string() +
          " could not be read and may have it; check that ledger first",
      pending.string() + ": is of no running run, but " + another.string() +
          " could not be read and may have it at work; check that ledger first"};
  std::ranges::sort(expected);
  EXPECT_EQ(found, expected);
}

TEST_F(DamagedLedger, FilesBesideItThatAreNoDatabasesChangeNothing) {
  std::string like_a_log(100, '\0');
  like_a_log[19] = 2;  // where a database says that it has a write-ahead log
  write_file(path_.parent_path() / "notes.bin", like_a_log);
  write_file(path_.parent_path() / "notes.txt", "These are notes.");
  const fs::path stray = prompt_path(path_, "0123456789abcdef");
  write_file(stray, "a prompt");
  EXPECT_EQ(check_ledger(path_),
            std::vector<std::string>{stray.string() + ": belongs to no run of a ledger here; delete it"});
  EXPECT_ERROR(check_ledger(path_.parent_path() / "notes.bin"), "notes.bin: is not a ledger");
}

TEST_F(DamagedLedger, ThatIsNoLedgerIsRefused) {
  EXPECT_ERROR(check_ledger(scratch_ / "none.db"), "none.db: no such ledger");
  write_file(scratch_ / "notes.txt", "These are notes.");
  EXPECT_ERROR(check_ledger(scratch_ / "notes.txt"), "notes.txt: is not a ledger");
}

}  // namespace
}  // namespace promptbed
