#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "sweep/plan.h"

/// Sweeps that several machines make a part of each, without knowing of one another.
namespace promptbed {

/// One of several parts of a sweep.
struct Shard {
  int64_t number = 1;  ///< from 1
  int64_t count = 1;
};

/// "2/4" -> the second of four; "slurm/4": the one of four with the number of this task of an array job
/// (SLURM_ARRAY_TASK_ID, from 1), whichever tasks were submitted; "slurm": its place among the tasks of its
/// array, which must be all. Throws Error for anything else, and where those variables are not set.
Shard parse_shard(const std::string& text);

/// The ledger of a shard, beside that of the whole: promptbed.shard-2-of-4.db.
std::filesystem::path shard_ledger(const std::filesystem::path& ledger, const Shard& shard);

/// Leaves the shard's runs in a plan. Which they are depends on the grid alone, not on what is done or cannot
/// be done here: runs of each method are dealt out so that every shard has about as much to train and test
/// with it.
void keep_shard(Plan& plan, const Shard& shard);

/// Leaves the runs with these ids, or those that begin so. Throws Error for one that no run has.
void keep_runs(Plan& plan, const std::vector<std::string>& ids);

}  // namespace promptbed
