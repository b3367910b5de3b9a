#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/VariadicBind.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/ledger_database.h"
#include "results/run_record.h"

/// The ledger's SQL, one function per kind of row; Ledger combines them into transactions. All throw
/// SQLite::Exception, and those that read throw DamagedRow.
namespace promptbed {

/// A statement with its question marks bound in order.
template <class... Values>
SQLite::Statement statement(SQLite::Database& database, const std::string& sql, const Values&... values) {
  SQLite::Statement prepared(database, sql);
  SQLite::bind(prepared, values...);
  return prepared;
}

// Reading (ledger_reads.cpp). Rows are checked when they are read (ledger_rows.h).

/// What decides whether a run may be claimed.
struct Claim {
  RunStatus status;
  int64_t attempts;
  std::optional<ProcessIdentity> owner;
  std::optional<std::string> kept_state;
};

std::optional<Claim> read_claim(LedgerDatabase& database, std::string_view id);
bool is_owned(LedgerDatabase& database, std::string_view id, const ProcessIdentity& owner);

std::vector<std::string> ids_beginning_with(SQLite::Database& database, std::string_view prefix);
std::vector<RunRecord> read_runs(SQLite::Database& database, const RunFilter& filter);
std::vector<RunScore> read_scores(SQLite::Database& database, const RunFilter& filter);
std::vector<RunRefusal> read_refusals(SQLite::Database& database, const RunFilter& filter);
std::vector<RunMeasurement> read_measurements(SQLite::Database& database, const RunFilter& filter);
std::vector<RunReliability> read_reliabilities(SQLite::Database& database, const RunFilter& filter);
std::optional<RunOutcome> read_outcome(SQLite::Database& database, std::string_view id);
std::vector<RunExecution> read_executions(SQLite::Database& database);
std::vector<RunEpoch> read_epochs(SQLite::Database& database);
std::vector<RunTrackedAccuracy> read_tracked(SQLite::Database& database, const RunFilter& filter);
std::vector<ModelRecord> read_models(SQLite::Database& database);

/// What is wrong with the rows of all tables, a line for each that is damaged.
std::vector<std::string> damaged_rows(SQLite::Database& database);

// Writing (ledger_writes.cpp).

// None of these seals what it writes: that is the transaction's last step (ledger_seals.h).

void insert_run(LedgerDatabase& database, std::string_view id, const RunSpec& spec);
void set_owner(LedgerDatabase& database, std::string_view id, const ProcessIdentity& owner);

/// Restores the run as it last ended, or deletes it if it never did. An attempt of which the training is kept
/// counts: its number is taken by its row of `execution`, which the next attempt must not replace.
void undo_claim(LedgerDatabase& database, std::string_view id);

/// Writes an outcome except for its tests, and leaves the claim alone. Earlier tests stay if the trained
/// state is the same.
void write_training(LedgerDatabase& database, std::string_view id, const RunOutcome& outcome);

/// Ends the claim and adds scores and refusals, replacing earlier ones on the same classes.
void add_tests(LedgerDatabase& database, std::string_view id, const RunOutcome& tests);

/// Does nothing for a run that is not there.
void insert_asked(LedgerDatabase& database, std::string_view id, std::string_view protocol);
void write_model(LedgerDatabase& database, const ModelRecord& model);

/// A run that was done before stays done, with its outcome, but gets the error of its last attempt.
void write_failure(LedgerDatabase& database, std::string_view id, std::string_view error);
void delete_run(LedgerDatabase& database, std::string_view id);

}  // namespace promptbed
