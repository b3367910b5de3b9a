#include "results/ledger_database.h"

#include <SQLiteCpp/Transaction.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "support/scratch.h"

namespace promptbed {
namespace {

const int kReadWrite = SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
constexpr const char* kInsert = "INSERT INTO number VALUES (?, ?)";
constexpr const char* kNamed = "SELECT value FROM number WHERE name = ?";

class LedgerDatabaseTest : public ::testing::Test {
 protected:
  LedgerDatabaseTest() { database_.exec("CREATE TABLE number (name TEXT PRIMARY KEY, value INTEGER)"); }

  std::optional<int64_t> value_of(const std::string& name) {
    return database_.first(
        kNamed, [](SQLite::Statement& row) { return row.getColumn(0).getInt64(); }, name);
  }

  test::ScratchFolder scratch_;
  LedgerDatabase database_{(scratch_ / "numbers.db").string(), kReadWrite};
};

TEST_F(LedgerDatabaseTest, ExecutesAStatementAnewWithOtherValues) {
  database_.execute(kInsert, "one", 1);
  database_.execute(kInsert, "two", 2);
  EXPECT_EQ(value_of("one"), 1);
  EXPECT_EQ(value_of("two"), 2);
  EXPECT_EQ(value_of("three"), std::nullopt);
}

TEST_F(LedgerDatabaseTest, AStatementThatFailedServesAgain) {
  database_.execute(kInsert, "one", 1);
  EXPECT_THROW(database_.execute(kInsert, "one", 2), SQLite::Exception);
  database_.execute(kInsert, "two", 2);
  EXPECT_EQ(value_of("one"), 1);
  EXPECT_EQ(value_of("two"), 2);
}

TEST_F(LedgerDatabaseTest, OneThatHasBeenReadHoldsNoLock) {
  database_.execute(kInsert, "one", 1);
  EXPECT_EQ(value_of("one"), 1);
  SQLite::Database other((scratch_ / "numbers.db").string(), SQLite::OPEN_READWRITE);
  EXPECT_NO_THROW(other.exec("INSERT INTO number VALUES ('two', 2)"));
  EXPECT_EQ(value_of("two"), 2);
}

TEST_F(LedgerDatabaseTest, ATransactionEndsAfterWhatThrewInIt) {
  EXPECT_THROW(
      {
        SQLite::Transaction transaction(database_);
        database_.execute(kInsert, "one", 1);
        database_.first(
            kNamed, [](SQLite::Statement&) -> int { throw std::runtime_error("row"); }, "one");
        transaction.commit();
      },
      std::runtime_error);
  EXPECT_EQ(value_of("one"), std::nullopt) << "rolled back";
  database_.execute(kInsert, "one", 3);
  EXPECT_EQ(value_of("one"), 3);
}

TEST_F(LedgerDatabaseTest, KnowsWhenTheSchemaHasChanged) {
  database_.execute(kInsert, "one", 1);
  EXPECT_EQ(value_of("one"), 1);
  database_.exec("ALTER TABLE number RENAME COLUMN value TO amount");
  database_.exec("ALTER TABLE number ADD COLUMN value INTEGER DEFAULT 7");
  EXPECT_EQ(value_of("one"), 7);
}

TEST_F(LedgerDatabaseTest, IsMovedWithItsStatements) {
  database_.execute(kInsert, "one", 1);
  LedgerDatabase moved = std::move(database_);
  moved.execute(kInsert, "two", 2);
  EXPECT_EQ(moved.execAndGet("SELECT sum(value) FROM number").getInt64(), 3);
}

}  // namespace
}  // namespace promptbed
