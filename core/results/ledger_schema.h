#pragma once

#include <SQLiteCpp/Database.h>

#include <filesystem>
#include <functional>

/// The tables of a ledger, and how those of older versions become today's. All throw SQLite::Exception, and
/// need a connection with the seal function (ledger_seals.h).
namespace promptbed {

inline constexpr int kSchemaVersion = 6;

/// Rows have seals from this schema on.
inline constexpr int kFirstSealedSchema = 4;

/// Older ledgers have to be migrated before they are read.
inline constexpr int kFirstReadableSchema = 3;

/// Whether a database has no tables and belongs to no program.
bool is_empty(SQLite::Database& database);

/// Makes the tables, unless another process has made them meanwhile.
void create_tables(SQLite::Database& database);

/// The schema of a ledger, from 1. Throws Error, naming the file, for a database that is not a ledger or is
/// of a later version of this program.
int read_schema(SQLite::Database& database, const std::filesystem::path& path);

/// Migrates a ledger of an older schema to the current one, completely or not at all. `before` gets its
/// version while nobody else can write, and stops the migration by throwing.
void bring_up_to_date(SQLite::Database& database, const std::function<void(int version)>& before);

/// Lets a connection that only reads see a ledger of an older schema, from kFirstReadableSchema, as one of
/// the current schema, without changing it: a large one takes long to migrate. Before kFirstSealedSchema its
/// rows have no seals.
void show_as_current(SQLite::Database& database, int version);

}  // namespace promptbed
