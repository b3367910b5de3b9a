#include "sweep/slurm/task_folder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <ios>
#include <set>
#include <string>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

TEST(TaskFolder, AnArrayThatIsRemovedIsNotMadeAgainByItsTasks) {
  test::ScratchFolder scratch;
  const TaskFolder folder(scratch / "a.db");
  const ArrayFolder array = folder.make_array();
  array.write(ArrayFolder::Submission{.job = 17, .runs = {{"00ff"}}});
  array.note_began(1);
  array.note_trained("00ff", "1234");
  EXPECT_TRUE(array.began(1));
  EXPECT_EQ(array.trained_state("00ff"), "1234");

  array.remove();
  EXPECT_ERROR(array.note_began(1), "array-0001: is removed, as --cancel does; sweep again");
  array.note_trained("00ff", "1234");
  array.note_collected(1, "00ff00ff00ff00ff");
  EXPECT_TRUE(folder.arrays().empty());
  folder.tidy();
  EXPECT_FALSE(fs::exists(scratch / "a.db.slurm"));
}

TEST(TaskFolder, KnowsWhatIsCollectedByTask) {
  test::ScratchFolder scratch;
  const ArrayFolder array = TaskFolder(scratch / "a.db").make_array();
  const std::string first = "00ff00ff00ff00ff", second = "11ff11ff11ff11ff";
  array.note_collected(1, first);
  std::ofstream(array.path() / "collected-0001", std::ios::app) << "22ff22ff";  // as a full disk leaves it
  array.note_collected(1, second);
  EXPECT_EQ(array.collected(1), (std::set<std::string>{first, second}));
  EXPECT_TRUE(array.collected(2).empty());
}

TEST(TaskFolder, WhatAKilledSweepWasRemovingIsRemoved) {
  test::ScratchFolder scratch;
  const TaskFolder folder(scratch / "a.db");
  const ArrayFolder array = folder.make_array();
  array.write(ArrayFolder::Submission{.job = 17, .runs = {{"00ff"}}});
  fs::rename(array.path(), temporary_name(array.path()));
  EXPECT_TRUE(folder.arrays().empty());
  folder.tidy();
  EXPECT_FALSE(fs::exists(scratch / "a.db.slurm"));
}

}  // namespace
}  // namespace promptbed
