#pragma once

#include <SQLiteCpp/Database.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/run_record.h"

/// The ledger's SQL: each function reads or writes one kind of row. The ledger puts them together into
/// transactions. All throw SQLite::Exception.
namespace promptbed {

/// Whether a run may be taken.
struct Claim {
  RunStatus status;
  int64_t attempts;
  std::optional<ProcessIdentity> owner;
};

std::optional<Claim> read_claim(SQLite::Database& database, std::string_view id);
bool is_owned(SQLite::Database& database, std::string_view id, const ProcessIdentity& owner);

void insert_run(SQLite::Database& database, std::string_view id, const RunSpec& spec);
void set_owner(SQLite::Database& database, std::string_view id, const ProcessIdentity& owner);

/// Puts a run back to its last end, or deletes it where it had none.
void undo_claim(SQLite::Database& database, std::string_view id);
void write_outcome(SQLite::Database& database, std::string_view id, const RunOutcome& outcome);

/// Adds scores and refusals to those that a run has, in place of earlier ones on the same classes.
void add_tests(SQLite::Database& database, std::string_view id, const RunOutcome& tests);

/// Nothing happens for a run that is not there.
void insert_asked(SQLite::Database& database, std::string_view id, std::string_view protocol);
void write_model(SQLite::Database& database, const ModelRecord& model);

/// A run that was done before stays so, with its outcome; the error is that of its last attempt all the same.
void write_failure(SQLite::Database& database, std::string_view id, std::string_view error);
void delete_run(SQLite::Database& database, std::string_view id);

std::vector<std::string> ids_beginning_with(SQLite::Database& database, std::string_view prefix);
std::vector<RunRecord> read_runs(SQLite::Database& database, const RunFilter& filter);
std::vector<RunScore> read_scores(SQLite::Database& database, const RunFilter& filter);
std::vector<RunRefusal> read_refusals(SQLite::Database& database, const RunFilter& filter);
std::optional<RunOutcome> read_outcome(SQLite::Database& database, std::string_view id);
std::vector<ModelRecord> read_models(SQLite::Database& database);

}  // namespace promptbed
