#include "sweep/shard.h"

#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>

#include "support/expect_error.h"
#include "support/sweep_world.h"

namespace promptbed {
namespace {

using test::Finished;

TEST(Shards, AreNamedByNumberAndCount) {
  const Shard shard = parse_shard("2/4");
  EXPECT_EQ(shard.number, 2);
  EXPECT_EQ(shard.count, 4);
  EXPECT_EQ(shard_ledger("runs/promptbed.db", shard), "runs/promptbed.shard-2-of-4.db");
  for (const char* wrong : {"", "2", "0/4", "5/4", "1/0", "1/4x", "-1/4", "1/2/3"})
    EXPECT_ERROR(parse_shard(wrong), std::string("--shard ") + wrong + ": give a part of the whole");
}

TEST(Shards, AreThoseOfAnArrayJobWhateverItsFirstIndex) {
  const auto in_array = [](const char* task, const char* first, const char* last, const char* count) {
    ::setenv("SLURM_ARRAY_TASK_ID", task, 1);
    ::setenv("SLURM_ARRAY_TASK_MIN", first, 1);
    ::setenv("SLURM_ARRAY_TASK_MAX", last, 1);
    ::setenv("SLURM_ARRAY_TASK_COUNT", count, 1);
    return parse_shard("slurm").number;
  };
  EXPECT_EQ(in_array("0", "0", "3", "4"), 1);
  EXPECT_EQ(in_array("4", "1", "4", "4"), 4);
  EXPECT_EQ(in_array("5", "1", "9", "3"), 2) << "--array=1-9:4";
  EXPECT_ERROR(in_array("2", "1", "7", "3"), "an array of 3 tasks from 1 to 7 has gaps");  // 1,2,7
  EXPECT_ERROR(in_array("3", "3", "3", "1"),
               "task 3 is the only one of its array; if it was submitted again");
  EXPECT_EQ(parse_shard("slurm/8").number, 3);
  EXPECT_EQ(parse_shard("slurm/8").count, 8);
  EXPECT_ERROR(parse_shard("slurm/2"),
               "SLURM_ARRAY_TASK_ID is 3, which is none of 1 to 2; submit it with --array=1-2");
  ::unsetenv("SLURM_ARRAY_TASK_ID");
  EXPECT_ERROR(parse_shard("slurm"), "--shard slurm: SLURM_ARRAY_TASK_ID is not set");
}

/// Sweeps in parts, on a very small suite.
class ShardedSweep : public testing::Test {
 protected:
  Finished part(const std::string& shard) const {
    return world_.sweep("clip_zeroshot,coop,tda", {"--shard", shard});
  }

  /// All of a ledger but what every machine and hour has of its own.
  std::string contents(const std::string& ledger) const {
    SQLite::Database database((world_ / ledger).string());
    std::string all;
    for (const char* query :
         {"SELECT id, spec, status, attempts, error, draw_hash, class_names_hash, state_hash, shots_least, "
          "shots_most, parameters, parameters_without_biases FROM run ORDER BY id",
          "SELECT run, dataset, class_set, images, correct, accuracy, macro_f1, predictions_hash, "
          "split_hash, seal "
          "FROM score ORDER BY run, dataset, class_set",
          "SELECT * FROM refusal ORDER BY run, dataset, class_set",
          "SELECT run, epoch, loss, learning_rate FROM epoch ORDER BY run, epoch",
          "SELECT * FROM measurement ORDER BY run, dataset, class_set, name",
          "SELECT * FROM reliability ORDER BY run, dataset, class_set",
          "SELECT run, attempt, threads, precision, plugin_hash, cache_hits, test_images FROM execution "
          "ORDER BY run, attempt",
          "SELECT * FROM asked ORDER BY run, protocol", "SELECT * FROM model"}) {
      SQLite::Statement row(database, query);
      while (row.executeStep()) {
        for (int i = 0; i < row.getColumnCount(); ++i) all += row.getColumn(i).getString() + "|";
        all += '\n';
      }
    }
    return all;
  }

  test::SweepWorld world_;
};

TEST_F(ShardedSweep, MergedPartsAreOneSweepsLedger) {
  for (const char* shard : {"1/3", "2/3", "3/3"}) {
    const Finished done = part(shard);
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(done.out.find("0 runs"), std::string::npos) << "each has some: " << done.out;
  }
  const Finished merged =
      world_.run({"ledger", "merge", "runs/promptbed.shard-1-of-3.db", "runs/promptbed.shard-2-of-3.db",
                  "runs/promptbed.shard-3-of-3.db", "--into", "merged/promptbed.db"});
  ASSERT_EQ(merged.code, 0) << merged.err;
  ASSERT_EQ(world_.sweep("clip_zeroshot,coop,tda", {"--db", "whole/promptbed.db"}).out,
            "10 runs: 10 done now\n");
  EXPECT_EQ(contents("merged/promptbed.db"), contents("whole/promptbed.db"));
  EXPECT_EQ(world_.run({"ledger", "check", "--db", "merged/promptbed.db"}).code, 0);
  EXPECT_EQ(world_.sweep("clip_zeroshot,coop,tda", {"--db", "merged/promptbed.db"}).out,
            "10 runs: 10 done before\n");
}

TEST_F(ShardedSweep, PartsAreFixedWhateverIsDone) {
  const auto ids = [&](const std::string& shard) {
    const Finished listed = world_.sweep("clip_zeroshot,coop,tda", {"--shard", shard, "--list-jobs"});
    EXPECT_EQ(listed.code, 0) << listed.err;
    return listed.out;
  };
  const std::string first = ids("1/2"), second = ids("2/2");
  ASSERT_EQ(part("1/2").out, "5 runs: 5 done now\n");
  EXPECT_EQ(ids("1/2"), "") << "nothing is left to be made";
  EXPECT_EQ(ids("2/2"), second);
  EXPECT_EQ(part("1/2").out, "5 runs: 5 done before\n");
}

TEST_F(ShardedSweep, PartsAreTheSameWhereAnImageIsMissing) {
  const auto titles = [&](const std::string& shard) {
    const Finished planned = world_.sweep("coop,tda", {"--shard", shard, "--dry-run=json"});
    EXPECT_EQ(planned.code, 0) << planned.err;
    std::set<std::string> found;
    for (const auto& run : nlohmann::json::parse(planned.out).at("runs")) found.insert(run.at("title"));
    return found;
  };
  const std::set<std::string> first = titles("1/3"), second = titles("2/3"), third = titles("3/3");
  std::filesystem::remove(world_ / "data/one/images/b/test1.bmp");  // which fails the runs on its dataset
  EXPECT_EQ(titles("1/3"), first);
  EXPECT_EQ(titles("2/3"), second);
  EXPECT_EQ(titles("3/3"), third);
  const Finished listed = world_.sweep("coop,tda", {"--list-jobs"});
  EXPECT_EQ(listed.code, 1);
  EXPECT_NE(listed.err.find("coop on one, 2 shots, seed 1 cannot run: "), std::string::npos) << listed.err;
}

TEST_F(ShardedSweep, MakesTheRunsThatAreNamed) {
  const Finished listed = world_.sweep("coop", {"--list-jobs"});
  ASSERT_EQ(std::ranges::count(listed.out, '\n'), 4) << listed.out;
  EXPECT_FALSE(std::filesystem::exists(world_ / "runs/promptbed.db")) << "none is made";
  const std::string id = listed.out.substr(0, 16);
  EXPECT_EQ(world_.sweep("coop", {"--runs", id}).out, "1 run: 1 done now\n");
  const Finished unknown = world_.sweep("coop", {"--runs", "ffff"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_NE(unknown.err.find("--runs ffff: is no run of this sweep; --list-jobs prints them"),
            std::string::npos)
      << unknown.err;
}

}  // namespace
}  // namespace promptbed
