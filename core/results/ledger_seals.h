#pragma once

#include <SQLiteCpp/Database.h>

#include <set>
#include <string>
#include <string_view>

#include "results/ledger_database.h"

/// Every row of a ledger carries a hash of its values, its seal: a bit that a disk has lost shows when the
/// row is read. Claims (status, attempts, owner) and errors change too often to be worth it and are left out.
namespace promptbed {

/// Makes SQL's seal(...) known to a connection: a 64-bit hash of any number of values and their types.
void add_seal_function(SQLite::Database& database);

/// "seal(model.fingerprint, ...)": what the column `seal` of a table's rows has to hold. Throws
/// std::out_of_range for a table without seals.
const std::string& seal_of(std::string_view table);

/// Seals the rows of all tables that are new or have changed: those whose seal is NULL.
void seal_new_rows(SQLite::Database& database);

/// The same for the rows of these runs.
void seal_new_rows(LedgerDatabase& database, const std::set<std::string>& runs);

}  // namespace promptbed
