#pragma once

#include <filesystem>

#include "results/ledger_database.h"

/// Opening a ledger's file. It has a rollback journal, not a write-ahead log: between two commits the file is
/// complete by itself, so it can be copied, moved and read where nothing can be written, and no reader leaves
/// a file beside it. Earlier versions used a write-ahead log; the first writer ends that.
namespace promptbed {

/// Opens a ledger for reading and writing, making it and its folder if there is none. The file gets the
/// permissions that the umask leaves. A ledger of an older schema is first copied ("ledger.db.schema-1",
/// beside it), then migrated. Throws Error for a file that is not a ledger or has a newer schema, and leaves
/// it untouched, and for a path that names no file.
LedgerDatabase open_for_writing(const std::filesystem::path& path);

/// Opens a ledger that exists for reading, and changes neither it nor its folder. Where it is of an older
/// schema, or has a log or journal that only a writer could bring in, a private copy is read in its place. A
/// database with nothing in it, as a writer that was killed at once leaves it, is read as a ledger of no run.
/// Throws Error as above.
LedgerDatabase open_for_reading(const std::filesystem::path& path);

/// Throws Error if the database's pages do not hang together, which may hide rows from whoever reads them. Of
/// a file above 64 MiB nothing is looked at: that would take seconds.
void check_structure(SQLite::Database& database, const std::filesystem::path& path);

/// Whether a file begins as SQLite's databases do, or cannot be read, so that nobody can tell. Must not be
/// called in a transaction on that file, whose lock it would end.
bool may_be_database(const std::filesystem::path& path);

/// Throws Error if there is no such file.
void check_exists(const std::filesystem::path& path);

/// Throws the Error for a fault of the database, naming the file and the remedy.
[[noreturn]] void throw_ledger_error(const std::filesystem::path& path, const SQLite::Exception& fault);

}  // namespace promptbed
