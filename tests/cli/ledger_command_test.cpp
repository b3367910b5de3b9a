#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "results/ledger.h"
#include "results/sample_runs.h"
#include "support/runner.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using test::Finished;

/// `runner` on a ledger of one finished run and one that is claimed.
class LedgerCommand : public ::testing::Test {
 protected:
  LedgerCommand() {
    Ledger ledger(path_);
    test::record(ledger, test::zero_shot_spec(), 60, 50);
    ledger.claim(claimed_);
  }

  void change(const std::string& sql) const {
    SQLite::Database database(path_.string(), SQLite::OPEN_READWRITE);
    database.exec(sql);
  }

  Finished run(std::vector<std::string> words) const {
    words.insert(words.end(), {"--db", "ledger.db"});
    return test::run_runner(scratch_.path(), {}, words);
  }

  test::ScratchFolder scratch_;
  std::filesystem::path path_ = scratch_ / "ledger.db";
  RunSpec claimed_ = test::sample_spec();
};

TEST_F(LedgerCommand, CheckSaysThatAllIsWell) {
  const Finished done = run({"ledger", "check"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out, "ledger.db: all is well\n");
}

TEST_F(LedgerCommand, CheckPrintsALineForEachFindingAndReportsStop) {
  change("UPDATE score SET accuracy = 61");
  const Finished checked = run({"ledger", "check"});
  EXPECT_EQ(checked.code, 1);
  EXPECT_EQ(std::count(checked.out.begin(), checked.out.end(), '\n'), 2) << checked.out;
  const Finished reported = run({"report"});
  EXPECT_EQ(reported.code, 2);
  EXPECT_EQ(reported.out, "");
  EXPECT_NE(reported.err.find("ledger.db: run " + test::zero_shot_spec().id() +
                              ": its score on base of brands: accuracy 61, but 120 of 200 images are 60"),
            std::string::npos)
      << reported.err;
}

TEST_F(LedgerCommand, RunsOfAVanishedHostAreReleasedAndLivingOnesAreNot) {
  const std::string id = claimed_.id();
  const Finished living = run({"runs", "release", id});
  EXPECT_EQ(living.code, 2);
  EXPECT_NE(living.err.find("is running it; end that first"), std::string::npos) << living.err;
  change("UPDATE run SET host = 'vanished' WHERE id = '" + id + "'");
  const Finished done = run({"runs", "release", id.substr(0, 8)});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out, "released " + id + "\n");
  EXPECT_EQ(run({"runs", "release"}).err,
            "runner: runner runs release needs the ids of runs; see runner runs list --status running\n");
}

TEST_F(LedgerCommand, NoFileOutsideIsTouchedByAForgedId) {
  write_file(scratch_ / "victim/important.safetensors", "important");
  change("UPDATE run SET id = '../victim/important' WHERE id = '" + test::zero_shot_spec().id() + "'");
  const Finished deleted = run({"runs", "delete", "../victim/important"});
  EXPECT_EQ(deleted.code, 2);
  EXPECT_NE(deleted.err.find("that is no run's id"), std::string::npos) << deleted.err;
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "victim/important.safetensors"));
}

}  // namespace
}  // namespace promptbed
