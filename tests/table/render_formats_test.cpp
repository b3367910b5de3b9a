#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/processes.h"
#include "support/scratch.h"
#include "table/render.h"

namespace promptbed {
namespace {

/// Two methods on one dataset below their average; coop is better and lacks a seed.
Table accuracies() {
  Table table{.title = "Accuracy (%) & more",
              .columns = {{"Dataset", Alignment::left},
                          {"Base", Alignment::right, "coop", "%"},
                          {"Base", Alignment::right, "clip_zeroshot", "%"}},
              .rows = {{"Average", Cell("60.13", 60.125), Cell("50.00", 50.0)},
                       {"stanford_cars", Cell("60.13", 60.125), "-"}},
              .notes = {"† coop: seed 1 of 1, 2 on stanford_cars"},
              .heading_columns = 1,
              .summary_rows = {0}};
  table.rows[0][1].best = true;
  table.rows[0][1].incomplete = true;
  return table;
}

Table records() {
  return {
      .title = "Accuracy",
      .columns =
          {{"dataset"}, {"base", Alignment::right, "", "%"}, {"shots"}, {"seeds"}, {"complete"}, {"refusal"}},
      .rows = {{"brands", Cell("60.125", 60.125), count(16), Cell("1 2", std::vector<int64_t>{1, 2}),
                flag(true), ""},
               {"a \"b\", c", Cell(), Cell(), Cell(), flag(false), "has <no> weights"}},
      .notes = {"a note"}};
}

TEST(RenderCsv, QuotesWhatNeedsQuotes) {
  EXPECT_EQ(render_csv(records()),
            "dataset,base,shots,seeds,complete,refusal\n"
            "brands,60.125,16,1 2,true,\n"
            "\"a \"\"b\"\", c\",,,,false,has <no> weights\n");
  const Table lines{
      .title = "not shown", .columns = {{"name"}}, .rows = {{"two\nlines"}, {" "}}, .notes = {"nor this"}};
  EXPECT_EQ(render_csv(lines), "name\n\"two\nlines\"\n \n");
}

TEST(RenderJson, TypesItsValues) {
  const auto json = nlohmann::json::parse(render_json(records(), {{"table", "base-new"}}));
  EXPECT_EQ(json.at("title"), "Accuracy");
  EXPECT_EQ(json.at("query"), nlohmann::json({{"table", "base-new"}}));
  EXPECT_EQ(json.at("units"), nlohmann::json({{"base", "%"}}));
  EXPECT_EQ(json.at("notes"), nlohmann::json({"a note"}));
  EXPECT_EQ(json.at("rows").at(0), nlohmann::json({{"dataset", "brands"},
                                                   {"base", 60.125},
                                                   {"shots", 16},
                                                   {"seeds", {1, 2}},
                                                   {"complete", true},
                                                   {"refusal", nullptr}}));
  EXPECT_TRUE(json.at("rows").at(0).at("shots").is_number_integer());
  EXPECT_EQ(json.at("rows").at(1).at("base"), nullptr);
  EXPECT_EQ(json.at("rows").at(1).at("dataset"), "a \"b\", c");
}

TEST(RenderMarkdown, IsATableOfGitHubs) {
  EXPECT_EQ(render_markdown(accuracies()),
            "**Accuracy (%) &amp; more**\n"
            "\n"
            "| Dataset | coop Base | clip_zeroshot Base |\n"
            "| :-- | --: | --: |\n"
            "| Average | **60.13†** | 50.00 |\n"
            "| stanford_cars | 60.13 | - |\n"
            "\n"
            "- † coop: seed 1 of 1, 2 on stanford_cars\n");
}

TEST(RenderMarkdown, EscapesMarkup) {
  const Table table{.title = "*a*",
                    .columns = {{"x|y", Alignment::left}},
                    .rows = {{"_a_ <b> `c` [d] $e$ ~f~ \\"}, {"two\nlines"}},
                    .notes = {}};
  EXPECT_EQ(render_markdown(table),
            "**\\*a\\***\n\n| x\\|y |\n| :-- |\n| \\_a\\_ &lt;b> \\`c\\` \\[d\\] \\$e\\$ \\~f\\~ \\\\ |\n| "
            "two lines |\n");
}

TEST(RenderMarkdown, PrintsNothingThatActsOnATerminal) {
  const Table table{
      .title = "t", .columns = {{"c", Alignment::left}}, .rows = {{"\x1b[2Jcaf\xe9"}}, .notes = {}};
  EXPECT_EQ(render_markdown(table), "**t**\n\n| c |\n| :-- |\n| \\x1b\\[2Jcaf\\xe9 |\n");
}

TEST(RenderLatex, IsATableOfBooktabs) {
  EXPECT_EQ(render_latex(accuracies()),
            "% needs \\usepackage{booktabs}\n"
            "\\begin{table}\n"
            "  \\centering\n"
            "  \\caption{Accuracy (\\%) \\& more}\n"
            "  \\begin{tabular}{lrr}\n"
            "    \\toprule\n"
            "     & \\multicolumn{1}{c}{coop} & \\multicolumn{1}{c}{clip\\_zeroshot} \\\\\n"
            "    \\cmidrule(lr){2-2}\\cmidrule(lr){3-3}\n"
            "    Dataset & Base & Base \\\\\n"
            "    \\midrule\n"
            "    Average & \\textbf{60.13}\\rlap{$^\\dagger$} & 50.00 \\\\\n"
            "    \\midrule\n"
            "    stanford\\_cars & 60.13 & -- \\\\\n"
            "    \\bottomrule\n"
            "  \\end{tabular}\n"
            "\n"
            "  {\\footnotesize \\dag{} coop: seed 1 of 1, 2 on stanford\\_cars\\par}\n"
            "\\end{table}\n");
}

TEST(RenderLatex, EscapesWhatLatexWouldTakeForCommands) {
  const Table table{.title = "t",
                    .columns = {{"x", Alignment::left}, {"y"}},
                    .rows = {{"\\{}$&#_%~^<>|\"`", Cell("-1.50 ± 2.00", -1.5)}},
                    .notes = {}};
  EXPECT_NE(render_latex(table).find(
                "\\textbackslash{}\\{\\}\\$\\&\\#\\_\\%\\textasciitilde{}\\textasciicircum{}\\textless{}"
                "\\textgreater{}\\textbar{}''\\textquoteleft{} & $-$1.50 $\\pm$ 2.00 \\\\"),
            std::string::npos)
      << render_latex(table);
}

/// One row more than a page has room for.
Table longer_than_a_page() {
  Table table = accuracies();
  while (table.rows.size() <= 40) table.rows.push_back({"dtd", Cell("1.00", 1.0), "-"});
  return table;
}

TEST(RenderLatex, BreaksWhatIsLongerThanAPageAndRepeatsTheHeadings) {
  const std::string latex = render_latex(longer_than_a_page());
  EXPECT_TRUE(
      latex.starts_with("% needs \\usepackage{booktabs,longtable}\n"
                        "\\begin{longtable}{lrr}\n"
                        "  \\caption{Accuracy (\\%) \\& more} \\\\\n"
                        "    \\toprule\n"))
      << latex.substr(0, 200);
  EXPECT_NE(latex.find("    \\midrule\n    \\endfirsthead\n    \\toprule\n"), std::string::npos);
  EXPECT_NE(latex.find("    \\midrule\n    \\endhead\n    \\bottomrule\n    \\endfoot\n"), std::string::npos);
  EXPECT_TRUE(
      latex.ends_with("    dtd & 1.00 & -- \\\\\n"
                      "\\end{longtable}\n"
                      "\n"
                      "  {\\footnotesize \\dag{} coop: seed 1 of 1, 2 on stanford\\_cars\\par}\n"))
      << latex.substr(latex.size() - 200);
}

TEST(RenderLatex, CompilesWhereLatexIsInstalled) {
  if (!has_program("pdflatex")) GTEST_SKIP() << "pdflatex is not installed";
  const test::ScratchFolder scratch;
  const std::string document =
      "\\documentclass{article}\n\\usepackage{booktabs,longtable}\n\\begin{document}\n" +
      render_latex(accuracies()) + render_latex(longer_than_a_page()) +
      render_latex(turned_if_wide(accuracies(), "Method")) + "\\end{document}\n";
  const ProgramEnd end = run_program({"pdflatex", "-interaction=nonstopmode", "-halt-on-error",
                                      "-output-directory=" + scratch.path().string()},
                                     document);
  EXPECT_EQ(end.fault, "") << end.output;
}

TEST(RenderHtml, IsATableForScreenReadersAndScripts) {
  EXPECT_EQ(render_html(accuracies()),
            "<table>\n"
            "<caption>Accuracy (%) &amp; more</caption>\n"
            "<thead>\n"
            "<tr><td colspan=\"1\"></td><th scope=\"colgroup\" colspan=\"1\">coop</th>"
            "<th scope=\"colgroup\" colspan=\"1\">clip_<wbr>zeroshot</th></tr>\n"
            "<tr><th scope=\"col\" class=\"text\">Dataset</th><th scope=\"col\" class=\"number\">Base</th>"
            "<th scope=\"col\" class=\"number\">Base</th></tr>\n"
            "</thead>\n"
            "<tbody>\n"
            "<tr class=\"summary\"><th scope=\"row\" class=\"text\">Average</th>"
            "<td class=\"number best incomplete\" data-value=\"60.125\"><strong>60.13</strong>†</td>"
            "<td class=\"number\" data-value=\"50\">50.00</td></tr>\n"
            "<tr><th scope=\"row\" class=\"text\">stanford_cars</th>"
            "<td class=\"number\" data-value=\"60.125\">60.13</td><td class=\"number\">-</td></tr>\n"
            "</tbody>\n"
            "</table>\n"
            "<ul class=\"notes\">\n"
            "<li>† coop: seed 1 of 1, 2 on stanford_cars</li>\n"
            "</ul>\n");
}

TEST(RenderHtml, EscapesEverything) {
  const Table table{.title = "<script>",
                    .columns = {{"a&b", Alignment::left}},
                    .rows = {{"\"x\" <img onerror='y'>"}},
                    .notes = {"<b>"}};
  const std::string html = render_html(table);
  for (const char* part :
       {"&lt;script&gt;", "a&amp;b", "&quot;x&quot; &lt;img onerror=&#39;y&#39;&gt;", "&lt;b&gt;"})
    EXPECT_NE(html.find(part), std::string::npos) << part;
  EXPECT_EQ(html.find("<img"), std::string::npos);
}

TEST(RenderHtml, HasABodyForEachSection) {
  const Table table{.title = "t",
                    .columns = {{"Dataset", Alignment::left}, {"Method", Alignment::left}},
                    .rows = {{"a", "x"}, {"a", "y"}, {"b", "x"}},
                    .notes = {},
                    .heading_columns = 2};
  const std::string html = render_html(table);
  EXPECT_NE(html.find("y</th></tr>\n</tbody>\n<tbody>\n<tr><th scope=\"row\" class=\"text\">b"),
            std::string::npos)
      << html;
}

}  // namespace
}  // namespace promptbed
