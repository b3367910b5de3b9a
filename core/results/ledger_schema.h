#pragma once

#include <SQLiteCpp/Database.h>

#include <filesystem>

namespace promptbed {

/// Opens a ledger's database and makes its tables in a new or empty file. One of an older schema is brought
/// up to date, after a copy of it was put beside it: "ledger.db.schema-1". Throws Error for a file that is no
/// ledger or is one of a newer schema, and leaves such a file as it was.
SQLite::Database create_ledger_database(const std::filesystem::path& path);

/// Opens the database of a ledger that exists, in the same way. Throws Error where it does not.
SQLite::Database open_ledger_database(const std::filesystem::path& path);

/// Throws the Error, naming the file and the remedy, that a fault of the database comes to.
[[noreturn]] void throw_ledger_error(const std::filesystem::path& path, const SQLite::Exception& fault);

}  // namespace promptbed
