#include "report/page/page.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "report/page/markup.h"
#include "report/page/page_plot.h"

namespace promptbed {
namespace {

constexpr const char* kHostile = "<script>alert('x')</script>\"&{{title}}";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Markup, EscapesText) {
  EXPECT_EQ(Markup::text("<a href=\"x\">'&'</a>").html(),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
}

TEST(Markup, FillsEachPlaceOnce) {
  const Places places = {{"a", Markup::text("{{b}}")}, {"b", Markup::text("2")}};
  EXPECT_EQ(fill("<p>{{a}}-{{b}}</p>", places).html(), "<p>{{b}}-2</p>")
      << "what was filled in is not looked into";
  EXPECT_THROW(fill("{{c}}", places), std::logic_error);
}

Panel small_panel(const std::string& name) {
  return {.title = name,
          .x = axis_between("x", 0, 4),
          .y = axis_between("y", 0, 10),
          .traces = {{.name = name,
                      .mark = Mark::curve,
                      .look = {.hue = 2, .shape = 3},
                      .data = {{.x = 1, .y = 2.5, .low = 2, .high = 3, .text = name + " at 1"},
                               {.x = 3, .y = 7.25, .low = 7.25, .high = 7.25, .text = name + " at 3"}}}}};
}

TEST(PagePlot, PointsHoldTheirData) {
  const std::string svg = page_plot(small_panel("coop"), "p").html();
  EXPECT_TRUE(contains(svg, "<g class=\"point\" data-x=\"1\" data-y=\"2.5\"><title>coop at 1</title>"))
      << svg;
  EXPECT_TRUE(contains(svg, "<g class=\"point\" data-x=\"3\" data-y=\"7.25\"><title>coop at 3</title>"));
  EXPECT_TRUE(contains(svg, "href=\"#point-3\""));
}

TEST(PagePlot, ColoursAreClassesAndNothingElse) {
  const std::string svg = page_plot(small_panel("coop"), "p").html();
  EXPECT_TRUE(contains(svg, "class=\"hue-2\""));
  EXPECT_TRUE(contains(svg, "class=\"grid\""));
  EXPECT_FALSE(contains(svg, "rgb("));
  EXPECT_FALSE(contains(svg, "black"));
  EXPECT_FALSE(contains(svg, "font-family"));
}

TEST(PagePlot, IsAnImageWithTitleAndDescription) {
  const std::string svg = page_plot(small_panel("coop"), "p").html();
  EXPECT_TRUE(contains(svg, "role=\"img\" aria-labelledby=\"p-title p-description\""));
  EXPECT_TRUE(contains(svg, "<title id=\"p-title\">coop</title>"));
  EXPECT_TRUE(contains(svg, "<desc id=\"p-description\">coop at 1; coop at 3</desc>"));
}

TEST(PagePlot, NamesAreText) {
  const std::string svg = page_plot(small_panel(kHostile), "p").html();
  EXPECT_FALSE(contains(svg, "<script"));
  EXPECT_FALSE(contains(svg, "onmouse"));
  EXPECT_TRUE(contains(svg, "&lt;script"));
}

TEST(PagePlot, SharesTheShapesOfPoints) {
  const std::string shapes = point_shapes().html();
  for (size_t i = 0; i < kShapes; ++i)
    EXPECT_TRUE(contains(shapes, "id=\"point-" + std::to_string(i) + "\"")) << shapes;
  EXPECT_FALSE(contains(shapes, "xlink"));
}

Page small_page(const std::string& name) {
  Table table{.title = name,
              .columns = {{name, Alignment::left}, {"H", Alignment::right, name}},
              .rows = {{name, Cell("50.00", 50.0)}},
              .notes = {name}};
  Figure figure{.id = "f", .title = name, .caption = name, .panels = {small_panel(name)}};
  return {
      .title = name,
      .summary = name,
      .highlights = {{name, name, name}},
      .sections = {{.id = "base-new", .heading = name, .lead = name, .figures = {figure}, .table = table}},
      .making = {.facts = {{name, name}}, .variants = {{name, {{name, name}}}}, .commands = {name}},
      .ledger = name};
}

TEST(Page, HoldsWhatItIsMadeOf) {
  const std::string html = render_page(small_page("coop"));
  EXPECT_TRUE(contains(html, "<title>coop</title>"));
  EXPECT_TRUE(contains(html, "<section id=\"base-new\""));
  EXPECT_TRUE(contains(html, "data-value=\"50\""));
  EXPECT_TRUE(contains(html, "<li>coop</li>")) << "a note of the table";
  EXPECT_TRUE(contains(html, "<figure id=\"base-new-f\""));
  EXPECT_TRUE(contains(html, "<a href=\"#making\">"));
}

TEST(Page, WhateverItIsMadeOfIsNoMarkup) {
  const std::string html = render_page(small_page(kHostile));
  EXPECT_FALSE(contains(html, "<script>alert"));
  EXPECT_FALSE(contains(html, "onmouse"));
}

TEST(Page, NeedsNothingElse) {
  const std::string html = render_page(small_page("coop"));
  for (const char* reference : {"http:", "https:", "src=", "@import", "url("})
    EXPECT_FALSE(contains(html, reference)) << reference;
}

}  // namespace
}  // namespace promptbed
