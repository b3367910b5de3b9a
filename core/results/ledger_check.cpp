#include "results/ledger_check.h"

#include <SQLiteCpp/Column.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <string_view>

#include "base/files.h"
#include "results/ledger_file.h"
#include "results/ledger_neighbours.h"
#include "results/ledger_sql.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

using Findings = std::vector<std::string>;

void check_structure(SQLite::Database& database, const fs::path& path, Findings& found) {
  SQLite::Statement row(database, "PRAGMA integrity_check(100)");
  while (row.executeStep()) {
    const std::string fault = row.getColumn(0).getString();
    if (fault != "ok") found.push_back(fmt::format("{}: {}", path.string(), fault));
  }
  SQLite::Statement stray(database, "PRAGMA foreign_key_check");
  while (stray.executeStep()) {
    found.push_back(fmt::format("{}: a row of {} belongs to no {}", path.string(),
                                stray.getColumn(0).getString(), stray.getColumn(2).getString()));
  }
}

/// The prompts and logs beside a ledger, of whatever run.
std::vector<fs::path> files_beside(const fs::path& ledger) {
  std::vector<fs::path> files;
  const std::string any_run(16, '0');
  for (const fs::path& file : {prompt_path(ledger, any_run), log_path(ledger, any_run)}) {
    std::error_code there_is_none;
    for (const auto& entry : fs::directory_iterator(file.parent_path(), there_is_none))
      files.push_back(entry.path());
  }
  return files;
}

/// What is wrong with a file beside ledgers of these runs; "" if nothing is. Only where all ledgers could be
/// read is the advice to delete it.
std::string fault_of(const fs::path& file, const FolderRuns& runs) {
  const std::string run = run_of_file(file);
  const bool is_known = runs.known.contains(run);
  const bool is_left = is_temporary_name(file.filename().string()) && !runs.running.contains(run);
  if (is_known && !is_left) return "";
  if (!runs.unread.empty()) {
    return fmt::format("{}, but {} could not be read and may have {}; check that ledger first",
                       is_known ? "is of no running run" : "belongs to no run of a ledger here",
                       runs.unread.front().string(), is_known ? "it at work" : "it");
  }
  return is_known ? "was left by a killed process; delete it, or sweep again"
                  : "belongs to no run of a ledger here; delete it";
}

void check_prompts(SQLite::Database& database, const fs::path& path, Findings& found) {
  SQLite::Statement row(database,
                        "SELECT id FROM run WHERE status = 'done' AND classes <> '' AND state_hash <> '' "
                        "ORDER BY id");
  while (row.executeStep()) {
    const std::string run = row.getColumn(0).getString();
    if (!is_run_id(run)) continue;  // is a finding by itself
    std::error_code failure;
    if (!fs::exists(prompt_path(path, run), failure)) {
      found.push_back(fmt::format("{}: is missing, although run {} is done; train it once more with --force",
                                  prompt_path(path, run).string(), run));
    }
  }
}

void check_files(SQLite::Database& database, const fs::path& path, Findings& found) {
  check_prompts(database, path, found);
  const std::vector<fs::path> files = files_beside(path);  // before the runs: see ledger_neighbours.h
  FolderRuns runs = runs_of_neighbours(path);
  SQLite::Database present = open_for_reading(path);  // `database` may be a copy, older than the files
  add_runs(present, runs);
  for (const fs::path& file : files) {
    const std::string fault = fault_of(file, runs);
    std::error_code failure;
    if (fault.empty() || !fs::exists(file, failure)) continue;  // it may have got its name meanwhile
    found.push_back(fmt::format("{}: {}", file.string(), fault));
  }
}

}  // namespace

std::vector<std::string> check_ledger(const fs::path& path) {
  Findings found;
  SQLite::Database database = open_for_reading(path);
  try {
    check_structure(database, path, found);
    for (const std::string& damage : damaged_rows(database))
      found.push_back(fmt::format("{}: {}", path.string(), damage));
    check_files(database, path, found);
  } catch (const SQLite::Exception& fault) {
    if (found.empty()) throw_ledger_error(path, fault);
    // What could be found is said; the rest cannot be read because of it.
  }
  return found;
}

}  // namespace promptbed
