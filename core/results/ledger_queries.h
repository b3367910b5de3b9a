#pragma once

#include <SQLiteCpp/Database.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/run_record.h"

/// The ledger's SQL that reads. All throw SQLite::Exception.
namespace promptbed {

/// Whether a run may be taken.
struct Claim {
  RunStatus status;
  int64_t attempts;
  std::optional<ProcessIdentity> owner;
};

std::optional<Claim> read_claim(SQLite::Database& database, std::string_view id);
bool is_owned(SQLite::Database& database, std::string_view id, const ProcessIdentity& owner);

std::vector<std::string> ids_beginning_with(SQLite::Database& database, std::string_view prefix);
std::vector<RunRecord> read_runs(SQLite::Database& database, const RunFilter& filter);
std::vector<RunScore> read_scores(SQLite::Database& database, const RunFilter& filter);
std::vector<RunRefusal> read_refusals(SQLite::Database& database, const RunFilter& filter);
std::optional<RunOutcome> read_outcome(SQLite::Database& database, std::string_view id);
std::vector<RunExecution> read_executions(SQLite::Database& database);
std::vector<RunEpoch> read_epochs(SQLite::Database& database);
std::vector<ModelRecord> read_models(SQLite::Database& database);

}  // namespace promptbed
