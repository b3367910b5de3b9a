#include "report/page/page.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <string_view>

#include "base/installation.h"
#include "report/figures/gnuplot.h"
#include "report/figures/palette.h"
#include "report/page/markup.h"
#include "report/page/page_assets.h"
#include "report/page/page_plot.h"
#include "table/render.h"

namespace promptbed {
namespace {

constexpr const char* kMakingId = "making";
constexpr const char* kMakingHeading = "How it was made";

/// `items` one after the other, each as `pattern` with what `places` gives for it.
template <class Items, class PlacesOf>
Markup each(std::string_view pattern, const Items& items, const PlacesOf& places) {
  Markup all;
  for (const auto& item : items) all += fill(pattern, places(item));
  return all;
}

/// A list, but nothing instead of an empty one.
Markup unless_empty(std::string_view pattern, const Markup& items) {
  return items.empty() ? Markup() : fill(pattern, {{"items", items}});
}

Markup highlights_of(const Page& page) {
  return unless_empty(
      "<dl class=\"highlights\">\n{{items}}</dl>",
      each("<div><dt>{{name}}</dt><dd><span class=\"value\">{{value}}</span> {{of}}</dd></div>\n",
           page.highlights, [](const Highlight& highlight) {
             return Places{{"name", Markup::text(highlight.name)},
                           {"value", Markup::text(highlight.value)},
                           {"of", Markup::text(highlight.of)}};
           }));
}

Markup origin_markup(const Page& page) {
  return unless_empty(
      "<ul class=\"origin\">\n{{items}}</ul>",
      each("<li>{{name}} <b>{{value}}</b></li>\n", page.origin, [](const Fact& fact) {
        return Places{{"name", Markup::text(fact.first)}, {"value", Markup::text(fact.second)}};
      }));
}

/// A line for each table that readers will not find.
Markup left_out_of(const Page& page) {
  return unless_empty(
      "<ul class=\"notes left-out\">\n{{items}}</ul>",
      each("<li>{{heading}} is left out: {{reason}}</li>\n", page.left_out, [](const LeftOut& table) {
        return Places{{"heading", Markup::text(table.heading)}, {"reason", Markup::text(table.reason)}};
      }));
}

Markup contents_of(const Page& page) {
  constexpr std::string_view kEntry = "<li><a href=\"#{{id}}\">{{heading}}</a></li>\n";
  Markup contents = each(kEntry, page.sections, [](const PageSection& section) {
    return Places{{"id", Markup::text(section.id)}, {"heading", Markup::text(section.heading)}};
  });
  contents += fill(kEntry, {{"id", Markup::text(kMakingId)}, {"heading", Markup::text(kMakingHeading)}});
  return contents;
}

/// The mark that a trace has in its panel.
Markup swatch(const Trace& trace) {
  constexpr std::string_view kDashed =
      "<line x1=\"-13\" x2=\"13\" stroke=\"currentColor\" stroke-width=\"1.6\" "
      "stroke-dasharray=\"{{dashes}}\"/>";
  constexpr std::string_view kSolid =
      "<line x1=\"-13\" x2=\"13\" stroke=\"currentColor\" stroke-width=\"2\"/>";
  constexpr std::string_view kPoint =
      "<use href=\"#point-{{shape}}\" fill=\"none\" transform=\"scale(4.2)\"/>";
  const Places places = {{"hue", Markup::text(paint_of(trace.look).role)},
                         {"dashes", Markup::text(dashes_of(trace.look))},
                         {"shape", Markup::text(std::to_string(trace.look.shape % kShapes))}};
  Markup svg = fill("<svg viewBox=\"-14 -6 28 12\" class=\"{{hue}}\" aria-hidden=\"true\">", places);
  if (trace.mark == Mark::level) svg += fill(kDashed, places);
  if (trace.mark == Mark::curve) svg += fill(kSolid, places);
  if (trace.mark != Mark::level) svg += fill(kPoint, places);
  svg += Markup::made("</svg>");
  return svg;
}

Markup legend_of_page(const Figure& figure) {
  return unless_empty("<ul class=\"legend\">\n{{items}}</ul>",
                      each("<li>{{swatch}}{{name}}</li>\n", legend_of(figure), [](const Trace& trace) {
                        return Places{{"swatch", swatch(trace)}, {"name", Markup::text(trace.name)}};
                      }));
}

/// How much of a row a figure takes up.
std::string_view extent_of(const Figure& figure) {
  return figure.panels.size() == 1 ? "one" : figure.panels.size() == 2 ? "two" : "many";
}

Markup figure_of(const Figure& figure, const std::string& section) {
  const std::string id = section + "-" + figure.id;
  Markup panels;
  for (size_t i = 0; i < figure.panels.size(); ++i) {
    panels += page_plot(figure.panels[i], fmt::format("{}-{}", id, i));
    panels += Markup::made("\n");
  }
  const double width = figure.panels.empty() ? 0 : figure.panels.front().width;
  return fill(page_assets::figure_html, {{"id", Markup::text(id)},
                                         {"extent", Markup::text(extent_of(figure))},
                                         {"title", Markup::text(figure.title)},
                                         {"caption", Markup::text(figure.caption)},
                                         {"legend", legend_of_page(figure)},
                                         {"width", Markup::text(fmt::format("{}", width))},
                                         {"panels", panels}});
}

/// The table in a box that it scrolls in, its title above and its notes below.
Markup table_of(const Table& table, const std::string& section) {
  Table bare = table;
  bare.notes.clear();
  const Markup notes = each("<li>{{note}}</li>\n", table.notes, [](const std::string& note) {
    return Places{{"note", Markup::text(note)}};
  });
  return fill(page_assets::table_html,
              {{"id", Markup::text(section)},
               {"title", Markup::text(table.title)},
               {"table", Markup::made(render_html(bare))},
               {"notes", unless_empty("<ul class=\"notes\">\n{{items}}</ul>\n", notes)}});
}

Markup section_with(const std::string& id, const std::string& heading, const std::string& lead,
                    const Markup& body) {
  return fill(page_assets::section_html, {{"id", Markup::text(id)},
                                          {"heading", Markup::text(heading)},
                                          {"lead", Markup::text(lead)},
                                          {"body", body}});
}

Markup section_of(const PageSection& section) {
  Markup figures;
  for (const Figure& figure : section.figures) figures += figure_of(figure, section.id);
  Markup body = unless_empty("<div class=\"figures\">\n{{items}}</div>\n", figures);
  if (section.table) body += table_of(*section.table, section.id);
  return section_with(section.id, section.heading, section.lead, body);
}

Markup facts_of(const std::vector<Fact>& facts) {
  return each("<dt>{{name}}</dt><dd>{{value}}</dd>\n", facts, [](const Fact& fact) {
    return Places{{"name", Markup::text(fact.first)}, {"value", Markup::text(fact.second)}};
  });
}

Markup making_section(const Making& making) {
  Markup body = fill("<dl class=\"facts\">\n{{facts}}</dl>\n", {{"facts", facts_of(making.facts)}});
  body +=
      fill("<h3>Methods</h3>\n<div class=\"variants\">\n{{variants}}</div>\n",
           {{"variants", each(page_assets::making_html, making.variants, [](const VariantMaking& variant) {
               return Places{{"label", Markup::text(variant.label)}, {"facts", facts_of(variant.facts)}};
             })}});
  body += Markup::made("<h3>To repeat it</h3>\n");
  body += each("<pre tabindex=\"0\"><code>{{command}}</code></pre>\n", making.commands,
               [](const std::string& command) {
                 return Places{{"command", Markup::text(command)}};
               });
  return section_with(
      kMakingId, kMakingHeading,
      "What the ledger records of the runs on this page. The commands give every option and every number of "
      "the recipes; finished runs are not repeated.",
      body);
}

std::string today() {
  return fmt::format("{:%Y-%m-%d}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

}  // namespace

std::string render_page(const Page& page) {
  require_gnuplot();
  Markup sections;
  for (const PageSection& section : page.sections) sections += section_of(section);
  sections += making_section(page.making);
  return fill(page_assets::page_html, {{"title", Markup::text(page.title)},
                                       {"style", Markup::made(std::string(page_assets::page_css))},
                                       {"script", Markup::made(std::string(page_assets::page_js))},
                                       {"shapes", point_shapes()},
                                       {"summary", Markup::text(page.summary)},
                                       {"origin", origin_markup(page)},
                                       {"highlights", highlights_of(page)},
                                       {"left_out", left_out_of(page)},
                                       {"contents", contents_of(page)},
                                       {"sections", sections},
                                       {"version", Markup::text(code_version())},
                                       {"ledger", Markup::text(page.ledger)},
                                       {"date", Markup::text(today())}})
      .html();
}

}  // namespace promptbed
