#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace promptbed {

/// What a merge has done with the runs of one ledger.
struct MergeSummary {
  int64_t taken = 0;               ///< new in the other ledger, or unfinished there
  int64_t joined = 0;              ///< there already, and had tests or measurements added
  int64_t present = 0;             ///< there already with all of it
  int64_t running = 0;             ///< left out: claimed by a process, and not trained yet
  std::vector<std::string> notes;  ///< prompts that could not come along, a line for each
};

/// Brings the runs of `source` into the ledger `into`, which is made if it is not there, with their tests,
/// epochs and executions, and their prompts and logs into its folder. Run ids are hashes of content, so what
/// both have must be the same: tests that one of them lacks are joined. All of it is one transaction, and
/// prompts are on the disk before it ends; merging once more changes nothing. `source` is only read.
///
/// Throws Error, with no run changed, if the two have other numbers for the same run, naming the first such
/// run and the number of others, if a row of `source` is damaged, and if either cannot be used.
MergeSummary merge_ledger(const std::filesystem::path& source, const std::filesystem::path& into);

}  // namespace promptbed
