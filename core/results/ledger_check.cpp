#include "results/ledger_check.h"

#include <SQLiteCpp/Column.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <sqlite3.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "base/files.h"
#include "results/ledger_file.h"
#include "results/ledger_neighbours.h"
#include "results/ledger_sql.h"
#include "results/prompt_file.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

using Findings = std::vector<std::string>;

void check_database(SQLite::Database& database, const fs::path& path, Findings& found) {
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

/// A status has no seal: it changes as a run is made. It has to go with what is recorded.
void check_statuses(SQLite::Database& database, const fs::path& path, Findings& found) {
  SQLite::Statement row(database,
                        "SELECT id, status FROM run WHERE (status = 'done' AND draw_hash IS NULL) "
                        "OR (status = 'failed' AND coalesce(error, '') = '')");
  while (row.executeStep()) {
    const std::string run = row.getColumn(0), status = row.getColumn(1);
    found.push_back(fmt::format("{}: run {}: is {}, and {}", path.string(), run, status,
                                status == "done" ? "no training of it is recorded" : "has no error"));
  }
}

/// The files of a folder, of which there may be none.
std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code there_is_none;
  for (const auto& entry : fs::directory_iterator(folder, there_is_none)) files.push_back(entry.path());
  return files;
}

/// Whether a file is the log of a run that was interrupted, which is in no ledger until it goes on.
bool may_go_on(const fs::path& file, const fs::path& ledger) {
  const std::string run = run_of_file(file);
  std::error_code failure;
  return file.extension() == ".log" && is_run_id(run) && fs::exists(checkpoint_path(ledger, run), failure);
}

/// The prompts, logs and unfinished files beside a ledger, of whatever run.
std::vector<fs::path> files_beside(const fs::path& ledger) {
  const std::string any_run(16, '0');
  std::vector<fs::path> files = files_in(prompt_path(ledger, any_run).parent_path());
  std::ranges::copy(files_in(log_path(ledger, any_run).parent_path()), std::back_inserter(files));
  std::ranges::copy_if(files_in(checkpoint_path(ledger, any_run).parent_path()), std::back_inserter(files),
                       [](const fs::path& file) { return is_temporary_name(file.filename().string()); });
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

/// The hashes of the states that finished runs have left in prompts, by their ids.
std::map<std::string, std::string> kept_states(SQLite::Database& database) {
  std::map<std::string, std::string> states;
  SQLite::Statement row(database,
                        "SELECT id, state_hash FROM run "
                        "WHERE status = 'done' AND classes <> '' AND state_hash <> ''");
  while (row.executeStep()) {
    std::string run = row.getColumn(0);
    if (is_run_id(run))
      states.emplace(std::move(run), row.getColumn(1).getString());  // or is itself a finding
  }
  return states;
}

/// `present` is the ledger as it is by now: a run may have been made once more since `states` were read.
void check_prompts(const std::map<std::string, std::string>& states, SQLite::Database& present,
                   const fs::path& path, Findings& found) {
  std::vector<std::string> suspects;
  for (const auto& [run, state] : states) {
    if (!fault_of_prompt(prompt_path(path, run), state).empty()) suspects.push_back(run);
  }
  if (suspects.empty()) return;
  const std::map<std::string, std::string> by_now = kept_states(present);
  for (const std::string& run : suspects) {
    const auto state = by_now.find(run);
    if (state == by_now.end()) continue;
    const std::string fault = fault_of_prompt(prompt_path(path, run), state->second);
    if (!fault.empty()) found.push_back(fault);
  }
}

void check_files(SQLite::Database& database, const fs::path& path, Findings& found) {
  const std::map<std::string, std::string> states = kept_states(database);
  const std::vector<fs::path> files = files_beside(path);  // before the runs: see ledger_neighbours.h
  FolderRuns runs = runs_of_neighbours(path);
  LedgerDatabase present = open_for_reading(path);  // `database` may be a copy, older than the files
  check_prompts(states, present, path, found);
  add_runs(present, runs);
  for (const fs::path& file : files) {
    const std::string fault = fault_of(file, runs);
    std::error_code failure;
    if (fault.empty() || may_go_on(file, path) || !fs::exists(file, failure))
      continue;  // it may have got its name meanwhile
    found.push_back(fmt::format("{}: {}", file.string(), fault));
  }
}

}  // namespace

std::vector<std::string> check_ledger(const fs::path& path) {
  Findings found;
  LedgerDatabase database = open_for_reading(path);
  try {
    check_database(database, path, found);
    check_statuses(database, path, found);
    for (const std::string& damage : damaged_rows(database))
      found.push_back(fmt::format("{}: {}", path.string(), damage));
    check_files(database, path, found);
  } catch (const SQLite::Exception& fault) {
    const bool is_damage = fault.getErrorCode() == SQLITE_ERROR || fault.getErrorCode() == SQLITE_CORRUPT;
    if (is_damage) found.push_back(fmt::format("{}: {}", path.string(), fault.what()));
    if (found.empty()) throw_ledger_error(path, fault);
    // What could be found is said; the rest cannot be read because of it.
  }
  return found;
}

}  // namespace promptbed
