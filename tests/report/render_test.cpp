#include <gtest/gtest.h>

#include "report/render_csv.h"
#include "report/render_text.h"

namespace promptbed {
namespace {

Table two_groups() {
  return {.title = "Accuracy",
          .columns = {{"Dataset", Alignment::left},
                      {"Base", Alignment::right, "coop"},
                      {"New", Alignment::right, "coop"},
                      {"Base", Alignment::right, "a_long_heading"},
                      {"New", Alignment::right, "a_long_heading"}},
          .rows = {{"Average", "1.00", "2.00", "3.00", "4.00"}, {"caf\u00e9", "10.00", "-", "9.50", "8.25"}},
          .notes = {"coop: one gap"}};
}

TEST(RenderText, AlignsColumnsUnderTheirGroups) {
  EXPECT_EQ(render_text(two_groups()),
            "Accuracy\n"
            "\n"
            "              coop        a_long_heading\n"
            "Dataset     Base   New      Base     New\n"
            "----------------------------------------\n"
            "Average     1.00  2.00      3.00    4.00\n"
            "caf\u00e9       10.00     -      9.50    8.25\n"
            "\n"
            "* coop: one gap\n");
}

TEST(RenderText, WrapsWholeGroupsIntoBlocks) {
  EXPECT_EQ(render_text(two_groups(), 39),
            "Accuracy\n"
            "\n"
            "              coop\n"
            "Dataset     Base   New\n"
            "----------------------\n"
            "Average     1.00  2.00\n"
            "caf\u00e9       10.00     -\n"
            "\n"
            "           a_long_heading\n"
            "Dataset      Base     New\n"
            "-------------------------\n"
            "Average      3.00    4.00\n"
            "caf\u00e9         9.50    8.25\n"
            "\n"
            "* coop: one gap\n");
}

TEST(RenderText, NeedsNoGroups) {
  const Table table{
      .title = "Runs", .columns = {{"id", Alignment::left}, {"n"}}, .rows = {{"a", "10"}}, .notes = {}};
  EXPECT_EQ(render_text(table), "Runs\n\nid     n\n--------\na     10\n");
}

TEST(RenderCsv, QuotesWhatNeedsQuotes) {
  const Table table{.title = "not shown",
                    .columns = {{"name"}, {"value"}},
                    .rows = {{"a,b", "say \"x\""}, {"two\nlines", "plain"}, {"", " "}},
                    .notes = {"not shown"}};
  EXPECT_EQ(render_csv(table), "name,value\n\"a,b\",\"say \"\"x\"\"\"\n\"two\nlines\",plain\n, \n");
}

}  // namespace
}  // namespace promptbed
