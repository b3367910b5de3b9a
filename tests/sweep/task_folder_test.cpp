#include "sweep/slurm/task_folder.h"

#include <gtest/gtest.h>

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
  array.note_collected(1, "00ff");
  array.note_collected(1, "11ff");
  EXPECT_TRUE(array.began(1));
  EXPECT_EQ(array.collected(1), (std::set<std::string>{"00ff", "11ff"}));
  EXPECT_TRUE(array.collected(2).empty());
  EXPECT_EQ(array.trained_state("00ff"), "1234");

  array.remove();
  EXPECT_ERROR(array.note_began(1), "array-0001: is removed, as --cancel does; sweep again");
  array.note_trained("00ff", "1234");
  array.note_collected(1, "00ff");
  EXPECT_TRUE(folder.arrays().empty());
  folder.tidy();
  EXPECT_FALSE(fs::exists(scratch / "a.db.slurm"));
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
