#pragma once

#include <SQLiteCpp/Database.h>

#include <string_view>

#include "results/run_record.h"

/// The ledger's SQL that writes: each function one kind of row. The ledger puts them together into
/// transactions. All throw SQLite::Exception.
namespace promptbed {

void insert_run(SQLite::Database& database, std::string_view id, const RunSpec& spec);
void set_owner(SQLite::Database& database, std::string_view id, const ProcessIdentity& owner);

/// Puts a run back to its last end, or deletes it where it had none.
void undo_claim(SQLite::Database& database, std::string_view id);

/// All of an outcome but its tests, which leaves the claim as it is. Earlier tests stay where the trained
/// state is what it was.
void write_training(SQLite::Database& database, std::string_view id, const RunOutcome& outcome);

/// Ends the claim, and adds scores and refusals to those that a run has, in place of earlier ones on the same
/// classes.
void add_tests(SQLite::Database& database, std::string_view id, const RunOutcome& tests);

/// Nothing happens for a run that is not there.
void insert_asked(SQLite::Database& database, std::string_view id, std::string_view protocol);
void write_model(SQLite::Database& database, const ModelRecord& model);

/// A run that was done before stays so, with its outcome; the error is that of its last attempt all the same.
void write_failure(SQLite::Database& database, std::string_view id, std::string_view error);
void delete_run(SQLite::Database& database, std::string_view id);

}  // namespace promptbed
