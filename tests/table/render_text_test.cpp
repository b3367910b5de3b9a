#include <gtest/gtest.h>

#include "table/render.h"

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

TEST(RenderText, PrintsNothingThatActsOnATerminal) {
  const Table table{.title = "\x1b]0;title\x07",
                    .columns = {{"\x1b[2J", Alignment::left}, {"b\xff", Alignment::left, "\x9b"}},
                    .rows = {{"caf\xe9", "two\nlines"}},
                    .notes = {"\x1b[31mred"}};
  EXPECT_EQ(render_text(table),
            "\\x1b]0;title\\x07\n\n"
            "               \\x9b\n"
            "\\x1b[2J    b\\xff\n"
            "-----------------------\n"
            "caf\\xe9    two\\x0alines\n\n"
            "* \\x1b[31mred\n");
}

TEST(RenderText, WrapsWholeGroupsIntoBlocks) {
  EXPECT_EQ(render_text(two_groups(), {.width = 39}),
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

TEST(RenderText, SetsColumnsWithoutGroupsClose) {
  const Table table{.title = "Runs",
                    .columns = {{"id", Alignment::left}, {"shots"}, {"seed"}},
                    .rows = {{"a", "16", "1"}},
                    .notes = {}};
  EXPECT_EQ(render_text(table), "Runs\n\nid    shots  seed\n-----------------\na        16     1\n");
}

TEST(RenderText, PartsAGroupThatDoesNotFit) {
  Table wide{.title = "Wide", .columns = {{"Row", Alignment::left}}, .rows = {{"a"}}, .notes = {}};
  for (const char* title : {"one", "two", "three"}) {
    wide.columns.push_back({title, Alignment::right, "group"});
    wide.rows[0].push_back("12345");
  }
  EXPECT_EQ(render_text(wide, {.width = 20}),
            "Wide\n\n          group\nRow      one    two\n-------------------\na      12345  12345\n"
            "\n       group\nRow    three\n------------\na      12345\n");
}

TEST(RenderText, NamesASectionOnce) {
  const Table table{.title = "Sections",
                    .columns = {{"Dataset", Alignment::left}, {"Method", Alignment::left}, {"%"}},
                    .rows = {{"a", "x", "1"}, {"a", "y", "2"}, {"b", "x", "3"}},
                    .notes = {},
                    .heading_columns = 2};
  EXPECT_EQ(
      render_text(table),
      "Sections\n\nDataset  Method    %\n--------------------\na        x         1\n         y         2\n"
      "\nb        x         3\n");
}

TEST(RenderText, MarksWhatIsIncompleteAndKeepsColumnsStraight) {
  Table table{.title = "Marks",
              .columns = {{"Row", Alignment::left}, {"%"}},
              .rows = {{"a", "1.00"}, {"b", "2.00"}},
              .notes = {"† b: seed 1 of 1, 2"}};
  table.rows[1][1].incomplete = true;
  EXPECT_EQ(render_text(table),
            "Marks\n\nRow        %\n------------\na      1.00\nb      2.00†\n\n† b: seed 1 of 1, 2\n");
}

TEST(RenderText, IsBoldAndDimOnATerminalOnly) {
  Table table{.title = "Style",
              .columns = {{"Row", Alignment::left}, {"%"}},
              .rows = {{"a", "1"}},
              .notes = {"a note"}};
  table.rows[0][1].best = true;
  EXPECT_EQ(render_text(table), "Style\n\nRow    %\n--------\na      1\n\n* a note\n");
  EXPECT_EQ(render_text(table, {.is_styled = true}),
            "Style\n\nRow    %\n--------\na      \x1b[1m1\x1b[0m\n\n\x1b[2m* a note\x1b[0m\n");
}

TEST(RenderText, WrapsLongTextsAndNotesWhereAsked) {
  const Table table{.title = "Failures",
                    .columns = {{"Id", Alignment::left}, {"Error", Alignment::left}},
                    .rows = {{"a1", "the picture is gone and nobody knows where it went"}},
                    .notes = {"a note that is longer than forty characters are"}};
  EXPECT_EQ(render_text(table, {.width = 40, .wraps = true}),
            "Failures\n\n"
            "Id    Error\n"
            "----------------------------------------\n"
            "a1    the picture is gone and nobody\n"
            "      knows where it went\n"
            "\n"
            "* a note that is longer than forty\n"
            "  characters are\n");
}

}  // namespace
}  // namespace promptbed
