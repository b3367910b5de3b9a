#include "results/ledger_file.h"

#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/files.h"
#include "results/sample_runs.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// A folder of its own with a ledger of one finished run.
class OpenedLedger : public ::testing::Test {
 protected:
  OpenedLedger() {
    ::chmod(scratch_.path().c_str(), 0755);  // other users read, too
    Ledger ledger(path_);
    test::record(ledger, test::sample_spec(), 60, 50);
  }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }

  /// What the ledger's file becomes with an earlier version of the program.
  void use_write_ahead_log() const {
    SQLite::Database database(path_.string(), SQLite::OPEN_READWRITE);
    database.exec("PRAGMA journal_mode = WAL");
  }

  test::ScratchFolder scratch_;
  fs::path folder_ = scratch_ / "runs";
  fs::path path_ = folder_ / "ledger.db";
};

TEST_F(OpenedLedger, IsAllThereIsBetweenTwoCommits) {
  const std::vector<std::string> alone = {"ledger.db"};
  EXPECT_EQ(files(), alone);
  Ledger writer(path_);
  test::record(writer, test::sample_spec("brands", 2), 70, 60);
  EXPECT_EQ(files(), alone) << "although it is open";
  fs::copy_file(path_, scratch_ / "copy.db");
  EXPECT_EQ(Ledger::open_existing(scratch_ / "copy.db").list().size(), 2u) << "a copy lacks nothing";
  const Ledger reader = Ledger::open_existing(path_);
  EXPECT_EQ(reader.list().size(), 2u);
  EXPECT_EQ(files(), alone) << "nor does a reader leave anything";
}

TEST(LedgerFile, OfAWriterThatWasKilledAtOnceIsALedgerOfNoRun) {
  test::ScratchFolder scratch;
  write_file(scratch / "empty.db", "");
  {  // as a disk has it when the first transaction is cut short, after some of its pages went out
    SQLite::Database writer((scratch / "writer.db").string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    writer.exec(
        "PRAGMA cache_size = 1; BEGIN; CREATE TABLE run(x); INSERT INTO run VALUES (zeroblob(100000))");
    fs::copy_file(scratch / "writer.db", scratch / "cut.db");
    fs::copy_file(scratch / "writer.db-journal", scratch / "cut.db-journal");
  }
  ASSERT_GT(fs::file_size(scratch / "cut.db"), 0u);
  for (const char* name : {"empty.db", "cut.db"}) {
    SCOPED_TRACE(name);
    const auto size = fs::file_size(scratch / name);
    EXPECT_TRUE(Ledger::open_existing(scratch / name).list().empty());
    EXPECT_EQ(fs::file_size(scratch / name), size) << "a reader changes nothing";
    Ledger writer(scratch / name);
    test::record(writer, test::sample_spec(), 60, 50);
    EXPECT_EQ(Ledger::open_existing(scratch / name).list().size(), 1u);
  }
}

TEST_F(OpenedLedger, IsReadWhileItIsWritten) {
  const Ledger reader = Ledger::open_existing(path_);
  Ledger writer(path_);
  test::record(writer, test::sample_spec("brands", 2), 70, 60);
  EXPECT_EQ(reader.list().size(), 2u);
}

TEST_F(OpenedLedger, IsReadWhereNothingCanBeWritten) {
  for (const bool logged : {false, true}) {
    if (logged) use_write_ahead_log();
    ASSERT_EQ(::chmod(path_.c_str(), 0444), 0);
    ASSERT_EQ(::chmod(folder_.c_str(), 0555), 0);
    const pid_t child = ::fork();
    if (child == 0) {  // root may write anywhere
      if (::getuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
      try {
        ::_exit(Ledger::open_existing(path_).list().size() == 1 ? 0 : 1);
      } catch (...) {
        ::_exit(3);
      }
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(::chmod(folder_.c_str(), 0755), 0);
    ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
    EXPECT_EQ(status, 0) << (logged ? "with a write-ahead log" : "");
    EXPECT_EQ(files(), std::vector<std::string>{"ledger.db"});
  }
}

TEST_F(OpenedLedger, OpenedForReadingRefusesToBeWritten) {
  Ledger reader = Ledger::open_existing(path_);
  EXPECT_ERROR(reader.claim(test::sample_spec("brands", 2)), "attempt to write a readonly database");
}

TEST_F(OpenedLedger, ThatMayNotBeWrittenSaysSoAtOnce) {
  ASSERT_EQ(::chmod(path_.c_str(), 0444), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::getuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
    try {
      const Ledger ledger(path_);
    } catch (const Error& fault) {
      const std::string expected = path_.string() + ": the ledger cannot be used (Permission denied)";
      ::_exit(std::string(fault.what()).starts_with(expected) ? 0 : 1);
    }
    ::_exit(3);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(OpenedLedger, TakesInTheLogOfAnEarlierVersion) {
  use_write_ahead_log();
  SQLite::Database other(path_.string(), SQLite::OPEN_READWRITE);
  other.exec("UPDATE run SET error = 'in the log'");
  ASSERT_TRUE(fs::exists(path_.string() + "-wal"));
  EXPECT_EQ(Ledger::open_existing(path_).list().at(0).error, "in the log");

  // As a copy of both files, made while a sweep ran.
  for (const char* file : {"ledger.db", "ledger.db-wal"}) fs::copy_file(folder_ / file, scratch_ / file);
  EXPECT_EQ(Ledger::open_existing(scratch_ / "ledger.db").list().at(0).error, "in the log");
  EXPECT_FALSE(fs::exists(scratch_ / "ledger.db-shm"));
}

TEST(LedgerWithoutItsLog, SaysWhatIsMissing) {
  test::ScratchFolder scratch;
  SQLite::Database other((scratch / "live.db").string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  other.exec("PRAGMA journal_mode = WAL; CREATE TABLE run (id TEXT)");
  fs::copy_file(scratch / "live.db", scratch / "copy.db");
  EXPECT_ERROR(Ledger::open_existing(scratch / "copy.db"),
               "copy.db: is a ledger without its last part, " + (scratch / "copy.db-wal").string() +
                   "; copy that file too, or copy the ledger when no sweep uses it");
}

TEST_F(OpenedLedger, OfAKilledWriterIsReadAsItWasBeforeTheLastCommit) {
  const pid_t child = ::fork();
  if (child == 0) {
    SQLite::Database database(path_.string(), SQLite::OPEN_READWRITE);
    database.exec("PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN IMMEDIATE");
    database.exec("UPDATE run SET error = 'half'");
    database.exec(
        "CREATE TABLE large AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
        "i < 1000) SELECT i, randomblob(1000) FROM n");
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  ASSERT_TRUE(fs::exists(path_.string() + "-journal"));
  EXPECT_EQ(Ledger::open_existing(path_).list().at(0).error, "");
  EXPECT_TRUE(fs::exists(path_.string() + "-journal")) << "a reader leaves that to a writer";
  EXPECT_EQ(Ledger(path_).list().at(0).error, "");
  EXPECT_EQ(files(), std::vector<std::string>{"ledger.db"});
}

TEST(LedgerPermissions, AreThoseThatTheUmaskLeaves) {
  for (const mode_t mask : {0022, 0002, 0077}) {
    test::ScratchFolder scratch;
    const mode_t before = ::umask(mask);
    { const Ledger ledger(scratch / "ledger.db"); }
    ::umask(before);
    struct stat status {};
    ASSERT_EQ(::stat((scratch / "ledger.db").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0666 & ~mask);
  }
}

TEST(LedgerName, IsTakenLiterallyOrRefused) {
  test::ScratchFolder scratch;
  const fs::path before = fs::current_path();
  fs::current_path(scratch.path());
  for (const char* name : {":memory:", "file:x.db", "file:x.db?mode=memory"}) {
    { Ledger(name).claim(test::sample_spec()); }
    EXPECT_TRUE(fs::exists(scratch / name)) << name;
    EXPECT_EQ(Ledger::open_existing(name).list().size(), 1u) << name;
  }
  EXPECT_ERROR(Ledger(""), "--db \"\": names no file; give the path of a ledger");
  EXPECT_ERROR(Ledger::open_existing(""), "--db \"\": names no file");
  fs::current_path(before);
}

TEST(LedgerFile, ThatDoesNotExistIsNotMadeForReading) {
  test::ScratchFolder scratch;
  EXPECT_ERROR(Ledger::open_existing(scratch.path()), "is a folder; choose another file with --db");
  ASSERT_EQ(::mkfifo((scratch / "pipe").c_str(), 0600), 0);
  EXPECT_ERROR(Ledger::open_existing(scratch / "pipe"), "pipe: is a pipe or device; choose another file");
  EXPECT_ERROR(Ledger(scratch / "pipe"), "pipe: is a pipe or device; choose another file");
  EXPECT_ERROR(Ledger::open_existing(scratch / "none.db"),
               "none.db: no such ledger; make one with `runner sweep` or name another with --db");
  EXPECT_FALSE(std::filesystem::exists(scratch / "none.db"));
}

TEST(LedgerFile, ThatIsSomethingElseIsRefusedAndKept) {
  test::ScratchFolder scratch;
  const std::string text = "These are notes, and no database.\n";
  write_file(scratch / "notes.txt", text);
  EXPECT_ERROR(Ledger(scratch / "notes.txt"), "notes.txt: is not a ledger; choose another file with --db");
  EXPECT_ERROR(Ledger::open_existing(scratch / "notes.txt"), "notes.txt: is not a ledger");
  EXPECT_EQ(read_file(scratch / "notes.txt"), text);
  EXPECT_ERROR(Ledger(scratch.path()), "is a folder; choose another file");
}

TEST(LedgerFile, OfAnotherSchemaOrProgramIsRefused) {
  test::ScratchFolder scratch;
  const auto path = scratch / "ledger.db";
  { const Ledger ledger(path); }
  std::string bytes = read_file(path);
  bytes[63] = 9;  // the last byte of user_version (SQLite file format, section 1.3)
  write_file(path, bytes);
  EXPECT_ERROR(Ledger{path}, "is a ledger of schema 9, this program reads up to 6");
  bytes[71] = 0;  // and of application_id
  write_file(path, bytes);
  EXPECT_ERROR(Ledger{path}, "is not a ledger");
}

}  // namespace
}  // namespace promptbed
