#include "results/ledger_check.h"

#include <SQLiteCpp/Column.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "base/files.h"
#include "results/ledger_file.h"
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

std::set<std::string> ids_in(SQLite::Database& database) {
  std::set<std::string> ids;
  SQLite::Statement row(database, "SELECT id FROM run");
  while (row.executeStep()) ids.insert(row.getColumn(0).getString());
  return ids;
}

/// The runs of all ledgers in a folder, whose files lie together.
std::set<std::string> ids_of_neighbours(const fs::path& ledger) {
  std::set<std::string> ids;
  const fs::path folder = ledger.has_parent_path() ? ledger.parent_path() : fs::path(".");
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    try {
      SQLite::Database database = open_for_reading(entry.path());
      ids.merge(ids_in(database));
    } catch (const std::exception&) {
      // It is no ledger, or says so itself when it is checked.
    }
  }
  return ids;
}

/// Runs that are at work: their files come and go.
std::set<std::string> running_in(SQLite::Database& database) {
  std::set<std::string> ids;
  SQLite::Statement row(database, "SELECT id FROM run WHERE status = 'running'");
  while (row.executeStep()) ids.insert(row.getColumn(0).getString());
  return ids;
}

/// "0123456789abcdef" of "0123456789abcdef.safetensors" and of "0123456789abcdef.safetensors.XXXX.tmp".
std::string run_of_file(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.substr(0, name.find('.'));
}

void check_folder(const fs::path& folder, const std::set<std::string>& known,
                  const std::set<std::string>& running, Findings& found) {
  std::error_code there_is_none;
  for (const auto& entry : fs::directory_iterator(folder, there_is_none)) {
    const std::string run = run_of_file(entry.path());
    const std::string name = entry.path().string();
    if (!known.contains(run)) {
      found.push_back(fmt::format("{}: belongs to no run of a ledger here; delete it", name));
    } else if (is_temporary_name(entry.path().filename().string()) && !running.contains(run)) {
      found.push_back(fmt::format("{}: was left by a killed process; delete it, or sweep again", name));
    }
  }
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
  const std::set<std::string> known = ids_of_neighbours(path), running = running_in(database);
  const std::string any_run(16, '0');
  check_folder(prompt_path(path, any_run).parent_path(), known, running, found);
  check_folder(log_path(path, any_run).parent_path(), known, running, found);
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
