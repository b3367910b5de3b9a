#include "results/ledger_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

#include "base/descriptor.h"
#include "base/files.h"
#include "results/ledger_schema.h"
#include "results/ledger_seals.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int kBusyTimeoutMs = 30'000;

/// What SQLite keeps beside a database. A copy without them may lack the last commits, or be torn.
constexpr const char* kCompanions[] = {"-wal", "-journal"};

[[noreturn]] void throw_unusable(const fs::path& path, const std::string& reason) {
  throw Error(
      fmt::format("{}: the ledger cannot be used ({}); check the path, its permissions and the free "
                  "space",
                  path.string(), reason));
}

/// A path that SQLite takes as it is: ":memory:", "file:x" and "" have a meaning of their own to it, but
/// nothing that begins with a slash has.
fs::path literal(const fs::path& path) {
  if (path.empty()) throw Error("--db \"\": names no file; give the path of a ledger");
  return fs::absolute(path);
}

LedgerDatabase connect(const fs::path& path, int flags) {
  LedgerDatabase database(literal(path).string(), flags, kBusyTimeoutMs);
  add_seal_function(database);
  return database;
}

/// Throws Error for what is there and no file: SQLite would wait for whoever writes into a pipe.
void check_is_file(const fs::path& path) {
  std::error_code failure;
  const fs::file_type type = fs::status(literal(path), failure).type();
  if (type == fs::file_type::regular || type == fs::file_type::not_found) return;
  if (type == fs::file_type::none || type == fs::file_type::unknown) throw_unusable(path, failure.message());
  throw Error(fmt::format("{}: is a {}; choose another file with --db", path.string(),
                          type == fs::file_type::directory ? "folder" : "pipe or device"));
}

/// Makes the file itself, since SQLite would let nobody but the owner write to it. Shows early, and with the
/// system's reason, what cannot be written.
void make_file(const fs::path& path) {
  check_is_file(path);
  std::error_code reported_below;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), reported_below);
  const Descriptor made(::open(literal(path).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!made) throw_unusable(path, std::strerror(errno));
}

/// A commit is on the disk when it returns, and so is the end of its journal. Rows lie in the order of run
/// ids, which are hashes: of a ledger of many runs, most pages are used again and again, and with SQLite's
/// default of 2 MB they would be written and read each time.
void prepare_for_writing(SQLite::Database& database) {
  database.exec("PRAGMA foreign_keys = ON");
  database.exec("PRAGMA synchronous = EXTRA");
  database.exec("PRAGMA cache_size = -32768");  // KiB, as far as they are needed
}

/// Ends the write-ahead log of earlier versions. One that is in use elsewhere stays until the next time.
void end_write_ahead_log(SQLite::Database& database) {
  if (database.execAndGet("PRAGMA journal_mode").getString() != "wal") return;
  try {
    database.exec("PRAGMA journal_mode = DELETE");
  } catch (const SQLite::Exception& fault) {
    if (fault.getErrorCode() != SQLITE_BUSY) throw;
  }
}

/// The first free one of "ledger.db.schema-1", "ledger.db.schema-1-2", ...
fs::path free_copy_path(const fs::path& path, int version) {
  const std::string name = fmt::format("{}.schema-{}", path.string(), version);
  fs::path free = name;
  for (int i = 2; fs::exists(free); ++i) free = fmt::format("{}-{}", name, i);
  return free;
}

/// Copies everything committed in a ledger that is about to be migrated. The copy gets its name once it is
/// complete; nothing is left of one that fails.
void copy_beside(const fs::path& path, int version) {
  try {
    const fs::path copy = free_copy_path(path, version);
    remove_temporaries(copy);  // whoever migrates has the ledger to itself
    write_atomically(copy, [&](const fs::path& part) {
      LedgerDatabase reader = connect(path, SQLite::OPEN_READONLY);
      reader.backup(literal(part).c_str(), SQLite::Database::Save);
    });
  } catch (const std::exception& fault) {
    throw Error(
        fmt::format("{}: is a ledger of schema {} and must be copied before it is migrated to schema {}, "
                    "which failed ({}); free space beside it or choose another file with --db",
                    path.string(), version, kSchemaVersion, fault.what()));
  }
}

/// What every database begins with (SQLite file format, section 1.3.1).
constexpr std::string_view kMagic("SQLite format 3\0", 16);

/// As many bytes of a file, or all that it has.
std::string first_bytes(std::istream& in, size_t count) {
  std::string bytes(count, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(count));
  bytes.resize(static_cast<size_t>(in.gcount()));
  return bytes;
}

/// Whether a file is a database whose header names the write-ahead log (SQLite file format, section 1.3.3).
bool has_write_ahead_log(const fs::path& path) {
  constexpr size_t kReadVersion = 19;
  constexpr char kLogged = 2;
  std::ifstream in(path, std::ios::binary);
  const std::string header = first_bytes(in, kReadVersion + 1);
  return header.size() > kReadVersion && header.starts_with(kMagic) && header[kReadVersion] == kLogged;
}

/// What changes when somebody writes to a file; nothing where there is none.
std::optional<std::array<int64_t, 4>> stamp_of(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  return std::array<int64_t, 4>{static_cast<int64_t>(status.st_ino), status.st_size, status.st_mtim.tv_sec,
                                status.st_mtim.tv_nsec};
}

auto stamps_of(const fs::path& path) {
  return std::array{stamp_of(path), stamp_of(path.string() + kCompanions[0]),
                    stamp_of(path.string() + kCompanions[1])};
}

/// A new folder for a private copy, that goes with what is in it.
class CopyFolder {
 public:
  CopyFolder() : path_((fs::temp_directory_path() / "promptbed-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw std::system_error(errno, std::generic_category(), path_);
  }
  ~CopyFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  CopyFolder(const CopyFolder&) = delete;
  CopyFolder& operator=(const CopyFolder&) = delete;

  fs::path ledger() const { return fs::path(path_) / "ledger.db"; }

 private:
  std::string path_;
};

/// The contents of a file; whatever its permissions are, the copy can be written.
void copy_contents(const fs::path& file, const fs::path& copy) {
  fs::copy_file(file, copy);
  fs::permissions(copy, fs::perms::owner_read | fs::perms::owner_write);
}

/// Copies a ledger and its companions as they are between two writes.
void copy_at_rest(const fs::path& path, const fs::path& copy) {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    const auto before = stamps_of(path);
    copy_contents(path, copy);
    for (const char* companion : kCompanions) {
      if (fs::exists(path.string() + companion))
        copy_contents(path.string() + companion, copy.string() + companion);
    }
    if (stamps_of(path) == before) return;
    for (const auto& entry : fs::directory_iterator(copy.parent_path())) fs::remove(entry);
  }
  throw Error(fmt::format("{}: changes all the time; read it when fewer processes write", path.string()));
}

/// A private copy with all that its log or journal holds, of the current schema. It has no name any more when
/// this returns: it goes with the connection.
LedgerDatabase open_copy(const fs::path& path) {
  try {
    const CopyFolder folder;
    copy_at_rest(path, folder.ledger());
    LedgerDatabase database = connect(folder.ledger(), SQLite::OPEN_READWRITE);
    end_write_ahead_log(database);
    if (is_empty(database) && has_write_ahead_log(path)) {
      throw Error(
          fmt::format("{0}: is a ledger without its last part, {0}-wal; copy that file too, or copy "
                      "the ledger when no sweep uses it",
                      path.string()));
    }
    if (is_empty(database)) create_tables(database);
    const int schema = read_schema(database, path);
    if (schema >= kFirstReadableSchema) {
      show_as_current(database, schema);
    } else {
      bring_up_to_date(database, [](int) {});
    }
    return database;
  } catch (const std::system_error& fault) {
    throw Error(
        fmt::format("{}: cannot be copied for reading ({}); free space in the temporary folder, or "
                    "let a sweep bring the ledger up to date",
                    path.string(), fault.code().message()));
  }
}

/// Whether SQLite refuses to read since a killed writer's journal has to be taken back first.
bool needs_recovery(const SQLite::Exception& fault) {
  return fault.getErrorCode() == SQLITE_READONLY;
}

/// Why a file cannot be locked, apart from another's lock: SQLite takes that for a lock, too. "" if it can
/// be.
std::string lock_fault(const fs::path& path) {
  const Descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct flock whole {};
  whole.l_type = F_RDLCK;
  whole.l_whence = SEEK_SET;
  return !opened || ::fcntl(opened.number(), F_OFD_GETLK, &whole) == 0 ? "" : std::strerror(errno);
}

}  // namespace

bool may_be_database(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return !in || first_bytes(in, kMagic.size()) == kMagic;
}

void check_exists(const fs::path& path) {
  std::error_code failure;
  const fs::file_type type = fs::status(literal(path), failure).type();
  if (type == fs::file_type::not_found) {
    throw Error(fmt::format("{}: no such ledger; make one with `runner sweep` or name another with --db",
                            path.string()));
  }
  check_is_file(path);
  if (::access(literal(path).c_str(), R_OK) != 0) throw_unusable(path, std::strerror(errno));
}

LedgerDatabase open_for_writing(const fs::path& path) {
  make_file(path);
  try {
    LedgerDatabase database = connect(path, SQLite::OPEN_READWRITE);
    prepare_for_writing(database);
    if (is_empty(database)) create_tables(database);
    if (read_schema(database, path) < kSchemaVersion)
      bring_up_to_date(database, [&](int version) { copy_beside(path, version); });
    end_write_ahead_log(database);
    return database;
  } catch (const SQLite::Exception& fault) {
    throw_ledger_error(path, fault);
  }
}

LedgerDatabase open_for_reading(const fs::path& path) {
  check_exists(path);
  try {
    if (has_write_ahead_log(path)) return open_copy(path);
    try {
      LedgerDatabase database = connect(path, SQLite::OPEN_READONLY);
      if (is_empty(database)) return open_copy(path);
      const int schema = read_schema(database, path);
      if (schema >= kFirstReadableSchema) {
        show_as_current(database, schema);
        return database;
      }
    } catch (const SQLite::Exception& fault) {
      if (!needs_recovery(fault)) throw;
    }
    return open_copy(path);
  } catch (const SQLite::Exception& fault) {
    throw_ledger_error(path, fault);
  }
}

void check_structure(SQLite::Database& database, const fs::path& path) {
  constexpr uintmax_t kSecondsFromHere = uintmax_t{64} << 20;
  std::error_code failure;
  if (fs::file_size(literal(path), failure) > kSecondsFromHere || failure) return;
  const std::string found = database.execAndGet("PRAGMA quick_check(1)").getString();
  if (found == "ok") return;
  throw Error(
      fmt::format("{}: is a damaged ledger ({}); restore it from a copy or choose another file with --db",
                  path.string(), found.substr(0, found.find('\n'))));
}

void throw_ledger_error(const fs::path& path, const SQLite::Exception& fault) {
  switch (fault.getErrorCode()) {
    case SQLITE_NOTADB:
      throw Error(fmt::format("{}: is not a ledger; choose another file with --db", path.string()));
    case SQLITE_CORRUPT:
    case SQLITE_ERROR:  // a table or a column is not there
      throw Error(
          fmt::format("{}: is a damaged ledger ({}); restore it from a copy or choose another file "
                      "with --db",
                      path.string(), fault.what()));
    case SQLITE_BUSY:
      if (const std::string reason = lock_fault(path); !reason.empty())
        throw_unusable(path, "it cannot be locked: " + reason);
      throw Error(
          fmt::format("{}: another process has locked the ledger for half a minute; end it and try "
                      "again",
                      path.string()));
    default:
      throw_unusable(path, fault.what());
  }
}

}  // namespace promptbed
