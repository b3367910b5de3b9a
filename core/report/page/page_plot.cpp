#include "report/page/page_plot.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <pugixml.hpp>
#include <sstream>
#include <string_view>
#include <utility>

#include "report/figures/gnuplot.h"
#include "report/figures/palette.h"

namespace promptbed {
namespace {

using pugi::xml_attribute;
using pugi::xml_node;

/// The ids that gnuplot gives the shapes of gnuplot_script.cpp, in their order.
constexpr std::array<std::string_view, kShapes> kShapeIds = {"gpPt6",  "gpPt4",  "gpPt8", "gpPt12",
                                                             "gpPt10", "gpPt14", "gpPt5", "gpPt3",
                                                             "gpPt7",  "gpPt11", "gpPt9", "gpPt13"};

/// The outline of open shapes, to be as heavy as filled ones, in parts of their radius.
constexpr const char* kOutline = "0.42";

pugi::xml_document parse(const std::string& svg) {
  pugi::xml_document document;
  if (const auto result = document.load_buffer(svg.data(), svg.size()); !result)
    throw Error(fmt::format("gnuplot: its SVG cannot be read ({}); version 5.4 or later is needed",
                            result.description()));
  return document;
}

std::string markup_of(const xml_node& node) {
  std::ostringstream out;
  node.print(out, "", pugi::format_raw);
  return out.str();
}

xml_node canvas_of(const pugi::xml_document& document) {
  const xml_node canvas = document.child("svg").find_child_by_attribute("g", "id", "gnuplot_canvas");
  if (!canvas) throw Error("gnuplot: its SVG has no canvas; version 5.4 or later is needed");
  return canvas;
}

/// "rgb(  0, 114, 178)" -> "#0072b2"; other texts as they are.
std::string hexadecimal(std::string_view colour) {
  if (!colour.starts_with("rgb(")) return std::string(colour);
  std::array<unsigned, 3> parts{};
  colour.remove_prefix(4);
  for (unsigned& part : parts) {
    colour.remove_prefix(std::min(colour.find_first_not_of(" ,"), colour.size()));
    const char* end = std::from_chars(colour.data(), colour.data() + colour.size(), part).ptr;
    colour.remove_prefix(static_cast<size_t>(end - colour.data()));
  }
  return fmt::format("#{:02x}{:02x}{:02x}", parts[0], parts[1], parts[2]);
}

/// The id that a shape of gnuplot's has in a page.
std::string page_id(std::string_view shape) {
  const auto found = std::ranges::find(kShapeIds, shape);
  return found == kShapeIds.end() ? std::string(shape) : fmt::format("point-{}", found - kShapeIds.begin());
}

/// Gives a shape, or a use of one, the page's ids.
void rename_shape(xml_node shape) {
  if (xml_attribute id = shape.attribute("id")) id = page_id(id.value()).c_str();
  const xml_attribute link = shape.attribute("xlink:href");
  if (!link) return;
  shape.append_attribute("href") =
      fmt::format("#{}", page_id(std::string_view(link.value()).substr(1))).c_str();
  shape.remove_attribute(link);
}

/// The role of a colour; "" for one that is not in the palette, such as "none".
std::string_view role_of(std::string_view colour) {
  const std::string code = hexadecimal(colour);
  for (const Paint& paint : {kInk, kQuiet, kGrid, kContour, kBar, kInvisible}) {
    if (paint.colour == code) return paint.role;
  }
  for (const Paint& paint : kHuePaints) {
    if (paint.colour == code) return paint.role;
  }
  return {};
}

/// A colour of the palette becomes a class, and the element is drawn in that class's colour.
void paint_by_class(xml_node element) {
  for (const char* name : {"fill", "stroke", "color"}) {
    xml_attribute attribute = element.attribute(name);
    const std::string_view role = role_of(attribute.value());
    if (role.empty()) continue;
    element.append_attribute("class") = std::string(role).c_str();
    if (std::string_view(name) == "color") {
      element.remove_attribute(attribute);
    } else {
      attribute = "currentColor";
    }
  }
}

/// What all of a plot has in common is on its root and in the style sheet.
void drop_common_attributes(xml_node element) {
  struct Common {
    const char* name;
    std::string_view value;  ///< "" for any
  };
  for (const Common& common : {Common{"stroke-linecap", ""},
                               {"stroke-linejoin", ""},
                               {"font-family", ""},
                               {"shape-rendering", ""},
                               {"id", ""},
                               {"class", "gridline"},
                               {"color", "black"},
                               {"color", "white"},
                               {"stroke-width", "1.00"}}) {
    const xml_attribute attribute = element.attribute(common.name);
    if (attribute && (common.value.empty() || common.value == attribute.value()))
      element.remove_attribute(attribute);
  }
  for (const char* name : {"stroke", "fill"}) {
    if (std::string_view(element.attribute(name).value()) == "black")
      element.attribute(name) = "currentColor";
  }
  const bool as_root = std::string_view(element.attribute("fill").value()) == "none" &&
                       std::string_view(element.attribute("stroke").value()) == "currentColor";
  if (as_root) {
    element.remove_attribute("fill");
    element.remove_attribute("stroke");
  }
}

/// "gnuplot_svg.showHypertext(evt,'2.17')" -> the datum 17 of the trace 2.
const Datum& datum_of(std::string_view call, const Panel& panel) {
  const size_t begin = call.find('\'') + 1;
  const std::string key(call.substr(begin, call.rfind('\'') - begin));
  const size_t point = key.find('.');
  return panel.traces.at(std::stoul(key)).data.at(std::stoul(key.substr(point + 1)));
}

/// A point that gnuplot would show text for with its own script gets its datum instead.
void attach_datum(xml_node element, const Panel& panel) {
  const Datum& datum = datum_of(element.attribute("onmousemove").value(), panel);
  element.remove_attributes();
  element.append_attribute("class") = "point";
  element.append_attribute("data-x") = fmt::format("{}", datum.x).c_str();
  element.append_attribute("data-y") = fmt::format("{}", datum.y).c_str();
  element.child("title").text() = datum.text.c_str();
  rename_shape(element.child("use"));
}

bool draws_nothing(const xml_node& element) {
  const std::string_view name = element.name();
  if (name == "g") return !element.first_child();
  return name == "path" &&
         std::string_view(element.attribute("d").value()).find('L') == std::string_view::npos;
}

void put_children_in_place_of(xml_node element) {
  xml_node parent = element.parent();
  while (const xml_node child = element.first_child()) parent.insert_move_before(child, element);
  parent.remove_child(element);
}

void adapt(xml_node element, const Panel& panel);

/// Adapts an element's children, and drops those that a page has no use for. `is_point`: their title is a
/// datum's.
void adapt_children(xml_node element, const Panel& panel, bool is_point = false) {
  for (xml_node child = element.first_child(), next; child; child = next) {
    next = child.next_sibling();
    const std::string_view name = child.name();
    if (child.type() != pugi::node_element) {
      if (child.type() == pugi::node_comment) element.remove_child(child);
      continue;
    }
    adapt(child, panel);
    if (draws_nothing(child) || (name == "title" && !is_point)) {
      element.remove_child(child);
    } else if (name == "g" && !child.first_attribute()) {
      put_children_in_place_of(child);
    }
  }
}

/// Turns an element of gnuplot's into one of the page's, from its leaves up.
void adapt(xml_node element, const Panel& panel) {
  const bool is_point = !element.attribute("onmousemove").empty();
  if (is_point) attach_datum(element, panel);
  adapt_children(element, panel, is_point);
  if (!is_point) drop_common_attributes(element);
  paint_by_class(element);
}

/// Puts a text for those who cannot see the plot before everything else in it.
void prepend_words(xml_node svg, const char* name, const std::string& id, const std::string& words) {
  xml_node element = svg.prepend_child(name);
  element.append_attribute("id") = id.c_str();
  element.text() = words.c_str();
}

}  // namespace

Markup page_plot(const Panel& panel, const std::string& id) {
  const std::string title_id = id + "-title", description_id = id + "-description";
  const pugi::xml_document drawn = parse(draw_for_page(panel));
  pugi::xml_document document;
  xml_node svg = document.append_child("svg");
  for (const auto& [name, value] : {std::pair<const char*, std::string>("class", "panel"),
                                    {"viewBox", fmt::format("0 0 {} {}", panel.width, panel.height)},
                                    {"width", fmt::format("{}", panel.width)},
                                    {"role", "img"},
                                    {"aria-labelledby", title_id + " " + description_id},
                                    {"fill", "none"},
                                    {"stroke", "currentColor"}})
    svg.append_attribute(name) = value.c_str();
  for (const xml_node& part : canvas_of(drawn).children("g")) svg.append_copy(part);
  adapt_children(svg, panel);
  prepend_words(svg, "desc", description_id, describe(panel));
  prepend_words(svg, "title", title_id, panel.title);
  return Markup::made(markup_of(svg));
}

Markup point_shapes() {
  const pugi::xml_document drawn = parse(draw_for_page({.title = "", .x = {}, .y = {}, .traces = {}}));
  pugi::xml_document document;
  for (const xml_node& shape : canvas_of(drawn).child("defs").children()) {
    const std::string_view id = shape.attribute("id").value();
    if (id.starts_with("gpPt")) document.append_copy(shape);
  }
  for (xml_node shape : document.children()) {
    rename_shape(shape);
    const bool is_open = !shape.attribute("fill");
    if (xml_attribute width = shape.attribute("stroke-width"); width && is_open) width = kOutline;
  }
  return Markup::made("<defs>" + markup_of(document) + "</defs>");
}

}  // namespace promptbed
