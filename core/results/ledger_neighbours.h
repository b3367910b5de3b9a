#pragma once

#include <SQLiteCpp/Database.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/processes.h"

/// Ledgers that lie in one folder share the folders of prompts, logs and checkpoints, and may hold the same
/// run: whoever judges a file there has to ask all of them. List the files first and ask then, since a run is
/// claimed before its files are made.
namespace promptbed {

/// Whose the files beside a ledger may be.
struct FolderRuns {
  std::set<std::string> known;                         ///< ids of all runs
  std::set<std::string> running;                       ///< of those that are at work: their files come and go
  std::multimap<std::string, ProcessIdentity> owners;  ///< of claimed runs, by id
  std::vector<std::filesystem::path> unread;           ///< databases that may be ledgers and cannot be read
};

/// Adds the runs of one ledger. Throws SQLite::Exception.
void add_runs(SQLite::Database& database, FolderRuns& runs);

/// The runs of all other ledgers in a ledger's folder. Must not be called in a transaction: it opens and
/// closes files, which ends the locks that this process has on them. Throws std::filesystem::filesystem_error
/// if the folder cannot be listed.
FolderRuns runs_of_neighbours(const std::filesystem::path& ledger);

}  // namespace promptbed
