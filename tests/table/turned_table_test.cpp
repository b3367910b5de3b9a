#include <gtest/gtest.h>

#include "table/table.h"

namespace promptbed {
namespace {

/// A dataset below the average, with Base and New of as many methods.
Table accuracies(size_t methods) {
  Table table{.title = "Accuracy (%)",
              .columns = {{"Dataset", Alignment::left}},
              .rows = {{"Average"}, {"dtd"}},
              .notes = {"a note"},
              .heading_columns = 1,
              .summary_rows = {0}};
  for (size_t i = 0; i < methods; ++i) {
    for (const char* title : {"Base", "New"}) {
      table.columns.push_back({title, Alignment::right, "m" + std::to_string(i), "%"});
      for (auto& row : table.rows) {
        const auto number = static_cast<double>(table.columns.size());
        row.push_back({std::to_string(table.columns.size()), number});
      }
    }
  }
  mark_best_in_rows(table);
  return table;
}

TEST(TurnedTable, StaysAsItIsWhileItFits) {
  const Table table = turned_if_wide(accuracies(kMostGroupsAcross), "Method");
  EXPECT_EQ(table.columns.size(), 11u);
  EXPECT_EQ(table.heading_columns, 1u);
}

TEST(TurnedTable, HasASectionForEachRowAndARowForEachMethod) {
  const Table table = turned_if_wide(accuracies(6), "Method");
  ASSERT_EQ(table.rows.size(), 12u);
  EXPECT_EQ(table.title, "Accuracy (%)");
  EXPECT_EQ(table.notes, std::vector<std::string>{"a note"});
  EXPECT_EQ(table.heading_columns, 2u);
  ASSERT_EQ(table.columns.size(), 4u);
  EXPECT_EQ(table.columns[1].title, "Method");
  EXPECT_EQ(table.columns[3].title, "New");
  EXPECT_EQ(table.columns[3].group, "");
  EXPECT_EQ(table.columns[3].unit, "%");
  EXPECT_EQ(table.rows[7][0].text, "dtd");
  EXPECT_EQ(table.rows[7][1].text, "m1");
  EXPECT_EQ(table.rows[7][3].text, "5") << "the fourth number of the row";
  EXPECT_TRUE(table.rows[11][3].best) << "the last method was the best of its row, and is of its section";
  EXPECT_FALSE(table.rows[10][3].best);
  EXPECT_EQ(table.summary_rows, (std::vector<size_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_TRUE(begins_section(table, 6));
}

TEST(TurnedTable, ColumnsWithoutGroupsBecomeRows) {
  Table table{.title = "Transfer (%)",
              .columns = {{"Dataset", Alignment::left}},
              .rows = {{"dtd (source)"}, {"pets"}},
              .notes = {}};
  for (int64_t method = 0; method < 6; ++method) {
    table.columns.push_back({"m" + std::to_string(method), Alignment::right, "", "%"});
    for (auto& row : table.rows) row.push_back(count(10 * method + static_cast<int64_t>(row.size())));
  }
  const Table turned = turned_if_wide(table, "Method");
  ASSERT_EQ(turned.columns.size(), 3u);
  EXPECT_EQ(turned.columns[2].title, "pets");
  EXPECT_EQ(turned.columns[2].unit, "%");
  ASSERT_EQ(turned.rows.size(), 6u);
  EXPECT_EQ(turned.rows[4][0].text, "m4");
  EXPECT_EQ(turned.rows[4][2].text, "45");
}

TEST(GroupedNumbers, HaveACommaAtEachThousand) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(34'816), "34,816");
  EXPECT_EQ(grouped(123'456'789), "123,456,789");
  EXPECT_EQ(grouped(-100), "-100");
  EXPECT_EQ(grouped(-1'000), "-1,000");
}

}  // namespace
}  // namespace promptbed
