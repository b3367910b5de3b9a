#pragma once

#include <SQLiteCpp/Database.h>

#include <filesystem>

namespace promptbed {

/// Opens a ledger's database, creating its tables in a new or empty file. A ledger of an older schema is
/// first copied ("ledger.db.schema-1", beside it), then migrated. Throws Error for a file that is not a
/// ledger or has a newer schema, and leaves it untouched.
SQLite::Database create_ledger_database(const std::filesystem::path& path);

/// The same for a ledger that must exist. Throws Error if it does not.
SQLite::Database open_ledger_database(const std::filesystem::path& path);

/// Throws the Error for a fault of the database, naming the file and the remedy.
[[noreturn]] void throw_ledger_error(const std::filesystem::path& path, const SQLite::Exception& fault);

}  // namespace promptbed
