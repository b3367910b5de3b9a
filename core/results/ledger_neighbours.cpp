#include "results/ledger_neighbours.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>

#include <system_error>

#include "results/ledger_file.h"
#include "results/ledger_rows.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// The other files in a ledger's folder that may be ledgers.
std::vector<fs::path> databases_beside(const fs::path& ledger) {
  std::vector<fs::path> found;
  const fs::path folder = ledger.has_parent_path() ? ledger.parent_path() : fs::path(".");
  std::error_code vanished;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const bool is_other = entry.is_regular_file(vanished) && !fs::equivalent(entry.path(), ledger, vanished);
    if (is_other && may_be_database(entry.path())) found.push_back(entry.path());
  }
  return found;
}

}  // namespace

void add_runs(SQLite::Database& database, FolderRuns& runs) {
  SQLite::Statement row(database, "SELECT id, status, host, pid, process_start FROM run");
  while (row.executeStep()) {
    const std::string id = row.getColumn("id").getString();
    runs.known.insert(id);
    if (row.getColumn("status").getString() == "running") runs.running.insert(id);
    if (const auto owner = owner_of(row)) runs.owners.emplace(id, *owner);
  }
}

FolderRuns runs_of_neighbours(const fs::path& ledger) {
  FolderRuns runs;
  for (const fs::path& neighbour : databases_beside(ledger)) {
    try {
      LedgerDatabase database = open_for_reading(neighbour);
      add_runs(database, runs);
    } catch (const std::exception&) {  // whatever it is: nobody knows which files are its runs'
      std::error_code failure;
      if (fs::exists(neighbour, failure) || failure) runs.unread.push_back(neighbour);
    }
  }
  return runs;
}

}  // namespace promptbed
