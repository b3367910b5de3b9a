#include "results/run_files.h"

#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>

#include <string>

#include "base/files.h"
#include "results/sample_runs.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

TEST(RunFiles, AreBesideTheLedgerUnderTheRunsId) {
  EXPECT_EQ(prompt_path("runs/ledger.db", "0123456789abcdef"), "runs/prompts/0123456789abcdef.safetensors");
  EXPECT_EQ(log_path("ledger.db", "0123456789abcdef"), "logs/0123456789abcdef.log");
}

TEST(RunFiles, HaveNoPathFromAnythingButAnId) {
  for (const char* id : {"../../victim/important", "", "0123", "0123456789ABCDEF", "0123456789abcde/"}) {
    EXPECT_ERROR(prompt_path("runs/ledger.db", id), "is no run's id, which has 16 hexadecimal digits");
    EXPECT_ERROR(log_path("runs/ledger.db", id), "is no run's id");
  }
}

/// Prompts that are trained and not yet in place.
class PendingPrompt : public ::testing::Test {
 protected:
  test::ScratchFolder scratch_;
  fs::path ledger_ = scratch_ / "ledger.db";
  std::string run_ = test::sample_spec().id();
};

TEST_F(PendingPrompt, IsPutInPlaceUnderItsNameOnly) {
  const fs::path pending = pending_prompt_path(ledger_, run_);
  EXPECT_NE(pending, pending_prompt_path(ledger_, run_));
  write_file(pending, "a prompt");
  write_file(scratch_ / "secret", "a secret");
  for (const char* name : {"../secret", "secret", "", "0123456789abcdef.safetensors.0123456789abcdef.tmp"})
    EXPECT_ERROR(publish_prompt(ledger_, run_, name), "is no name of its pending prompt");
  publish_prompt(ledger_, run_, pending.filename().string());
  EXPECT_EQ(read_file(prompt_path(ledger_, run_)), "a prompt");
  EXPECT_FALSE(fs::exists(pending));
}

TEST_F(PendingPrompt, StaysAsLongAsSomebodyWorksOnItsRun) {
  Ledger ledger(ledger_);
  ledger.claim(test::sample_spec());
  const fs::path pending = pending_prompt_path(ledger_, run_);
  write_file(pending, "a prompt");
  {
    SQLite::Database database(ledger_.string(), SQLite::OPEN_READWRITE);
    database.exec("UPDATE run SET host = 'another one'");
  }
  remove_abandoned_files(ledger);
  EXPECT_TRUE(fs::exists(pending));
  ledger.give_up(run_);
  EXPECT_TRUE(ledger.list().empty());
  remove_run_files(ledger_, run_);
  EXPECT_FALSE(fs::exists(pending));
}

TEST_F(PendingPrompt, StaysAsLongAsAnotherLedgerInTheSameFolderHasItsRunAtWork) {
  Ledger ledger(ledger_), another(scratch_ / "another.db");
  test::record(ledger, test::sample_spec(), 60, 50);
  another.claim(test::sample_spec());
  const fs::path pending = pending_prompt_path(ledger_, run_);
  write_file(pending, "a prompt");
  remove_abandoned_files(ledger);
  EXPECT_TRUE(fs::exists(pending));
  another.release(run_);
  remove_abandoned_files(ledger);
  EXPECT_FALSE(fs::exists(pending));
}

TEST_F(PendingPrompt, StaysAsLongAsAnotherLedgerInTheSameFolderCannotBeRead) {
  Ledger ledger(ledger_);
  test::record(ledger, test::sample_spec(), 60, 50);
  write_file(scratch_ / "another.db", std::string("SQLite format 3\0", 16) + "and then something else");
  const fs::path pending = pending_prompt_path(ledger_, run_);
  write_file(pending, "a prompt");
  remove_abandoned_files(ledger);
  EXPECT_TRUE(fs::exists(pending));
  fs::remove(scratch_ / "another.db");
  remove_abandoned_files(ledger);
  EXPECT_FALSE(fs::exists(pending));
}

TEST_F(PendingPrompt, OfARunThatAnotherLedgerInTheSameFolderHasStaysWithItsFiles) {
  Ledger ledger(ledger_), another(scratch_ / "another.db");
  test::record(ledger, test::sample_spec(), 60, 50);
  test::record(another, test::sample_spec(), 60, 50);
  write_file(prompt_path(ledger_, run_), "a prompt");
  write_file(log_path(ledger_, run_), "a log");
  ledger.remove(run_);
  remove_run_files(ledger_, run_);
  EXPECT_TRUE(fs::exists(prompt_path(ledger_, run_)));
  EXPECT_TRUE(fs::exists(log_path(ledger_, run_)));
  another.remove(run_);
  remove_run_files(scratch_ / "another.db", run_);
  EXPECT_FALSE(fs::exists(prompt_path(ledger_, run_)));
  EXPECT_FALSE(fs::exists(log_path(ledger_, run_)));
}

}  // namespace
}  // namespace promptbed
