#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "results/sample_runs.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

/// The queries in docs/ledger.md, in order.
std::vector<std::string> documented_queries() {
  const std::string text = read_file(std::filesystem::path(PROMPTBED_SOURCE_DIR) / "docs/ledger.md");
  const std::string begin = "```sql\n", end = "```";
  std::vector<std::string> queries;
  for (size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    at += begin.size();
    queries.push_back(text.substr(at, text.find(end, at) - at));
  }
  return queries;
}

class LedgerQueries : public ::testing::Test {
 protected:
  LedgerQueries() {
    Ledger ledger(path_);
    test::record(ledger, test::zero_shot_spec(), 70, 60);
    for (const int64_t seed : {1, 2}) {
      RunSpec spec = test::sample_spec("brands", seed);
      RunOutcome outcome = test::sample_outcome("brands", 80 + static_cast<double>(seed), 40);
      outcome.execution.seconds = {{"training", 10.0}, {"evaluation", 0.5}};
      ledger.claim(spec);
      test::finish(ledger, spec.id(), outcome);
    }
  }

  /// The rows of a documented query, with bars between the columns.
  std::vector<std::string> rows_of(size_t query) const {
    SQLite::Database database(path_.string(), SQLite::OPEN_READONLY);
    SQLite::Statement statement(database, documented_queries().at(query));
    std::vector<std::string> rows;
    while (statement.executeStep()) {
      std::string row;
      for (int i = 0; i < statement.getColumnCount(); ++i)
        row += (i > 0 ? "|" : "") + statement.getColumn(i).getString();
      rows.push_back(row);
    }
    return rows;
  }

  test::ScratchFolder scratch_;
  std::filesystem::path path_ = scratch_ / "ledger.db";
};

TEST_F(LedgerQueries, GiveBaseNewAndHOfTheMeans) {
  EXPECT_EQ(rows_of(0), (std::vector<std::string>{"clip_zeroshot|brands|70.0|60.0|64.62",
                                                  "coop|brands|81.5|40.0|53.66"}));
}

TEST_F(LedgerQueries, TellWhereTheTimeWent) {
  const auto rows = rows_of(1);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0], "coop|2|20.0|1.0|1073");
}

TEST_F(LedgerQueries, CompareOptions) {
  EXPECT_EQ(rows_of(2), (std::vector<std::string>{"brands|base|4|2|81.5", "brands|new|4|2|40.0"}));
}

}  // namespace
}  // namespace promptbed
