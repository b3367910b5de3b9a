#include "report/figures/gnuplot_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

#include "report/figures/palette.h"

namespace promptbed {
namespace {

constexpr double kTitleRoom = 46;  // above the axes: a panel's title, and below it what y is
constexpr double kXRoom = 45;      // below the axes: ticks, and what x is
constexpr double kYRoom = 38;      // left of the axes: numbers
constexpr double kEdge = 14;
constexpr double kContourRoom = 40;    // right of the axes: contours' names
constexpr double kCharacter = 7;       // of a name's characters, at the size of ticks
constexpr double kLegendRow = 22;      // a row of the legend
constexpr double kSwatch = 20;         // a line in it
constexpr double kWidestSheet = 1180;  // as a page
constexpr double kOutline = 1.4;       // of open points
constexpr const char* kSmall = ",12";  // gnuplot's way to keep the font and change the size
constexpr const char* kLarge = ",13.5";

/// gnuplot's numbers of points: circle, square, triangle, diamond, triangle upside down, pentagon; filled,
/// then open.
constexpr int kPointTypes[kShapes] = {7, 5, 9, 13, 11, 15, 6, 4, 8, 12, 10, 14};

template <class... Values>
void add_line(std::string& script, fmt::format_string<Values...> format, Values&&... values) {
  fmt::format_to(std::back_inserter(script), format, std::forward<Values>(values)...);
  script += '\n';
}

/// Text that gnuplot takes literally: in single quotes nothing is expanded. Its own escape for a quote fails
/// at the beginning of a text, so a typographic one replaces it.
std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "’";
    } else {
      out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
  }
  return out += '\'';
}

std::string rgb(const Paint& paint) {
  return fmt::format("rgb '{}'", paint.colour);
}

double longest_name(const Axis& axis) {
  size_t longest = 0;
  for (const Tick& tick : axis.ticks) longest = std::max(longest, tick.label.size());
  return static_cast<double>(longest);
}

bool has(const Panel& panel, Mark mark) {
  return std::ranges::any_of(panel.traces, [&](const Trace& trace) { return trace.mark == mark; });
}

/// What titles and labels leave of a box.
PanelBox inside(const Panel& panel, const PanelBox& box) {
  const double left = panel.y.is_names ? 10 + kCharacter * longest_name(panel.y) : kYRoom;
  return {.left = box.left + left,
          .top = box.top + kTitleRoom - (panel.y.label.empty() ? 16 : 0),
          .width = box.width - left - (has(panel, Mark::contour) ? kContourRoom : kEdge),
          .height = box.height - kTitleRoom + (panel.y.label.empty() ? 16 : 0) - kXRoom};
}

void add_frame(std::string& script, const Panel& panel, const PanelBox& box, const Sheet& sheet) {
  const PanelBox axes = inside(panel, box);
  add_line(script, "set lmargin at screen {:.5f}", axes.left / sheet.width);
  add_line(script, "set rmargin at screen {:.5f}", (axes.left + axes.width) / sheet.width);
  add_line(script, "set tmargin at screen {:.5f}", 1 - axes.top / sheet.height);
  add_line(script, "set bmargin at screen {:.5f}", 1 - (axes.top + axes.height) / sheet.height);
  const auto label = [&](const std::string& text, double x, double y, const char* side, const char* size,
                         const Paint& paint) {
    if (text.empty()) return;
    add_line(script, "set label {} at screen {:.5f},{:.5f} {} font '{}' textcolor {}", in_quotes(text),
             x / sheet.width, 1 - y / sheet.height, side, size, rgb(paint));
  };
  label(panel.title, box.left + 2, box.top + 12, "left", kLarge, kInk);
  label(panel.y.label, box.left + 2, box.top + 32, "left", kSmall, kQuiet);
  label(panel.x.label, axes.left + axes.width, box.top + box.height - 8, "right", kSmall, kQuiet);
}

/// Ticks are formats to gnuplot, in which "%%" is a per cent sign.
std::string as_format(const std::string& text) {
  std::string format;
  for (const char c : text) format += c == '%' ? "%%" : std::string(1, c);
  return format;
}

void add_axis(std::string& script, char name, const Axis& axis) {
  add_line(script, "{} logscale {}{}", axis.doubles ? "set" : "unset", name, axis.doubles ? " 2" : "");
  add_line(script, "set {}range [{}:{}]", name, axis.least, axis.most);
  std::string ticks;
  for (const Tick& tick : axis.ticks)
    ticks += fmt::format("{}{} {}", ticks.empty() ? "" : ", ", in_quotes(as_format(tick.label)), tick.at);
  add_line(script, "set {}tics ({}) font '{}' textcolor {}", name, ticks, kSmall, rgb(kQuiet));
}

void add_grid(std::string& script, const Panel& panel) {
  const bool rows_are_names = panel.y.is_names;
  const bool upright = rows_are_names || has(panel, Mark::contour);
  const bool level = !rows_are_names || has(panel, Mark::points);
  add_line(script, "unset grid");
  add_line(script, "set grid {} {} back linetype 1 linecolor {} linewidth 1", upright ? "xtics" : "noxtics",
           level ? "ytics" : "noytics", rgb(kGrid));
  if (has(panel, Mark::bars))
    add_line(script, "set arrow from 0,{} to 0,{} nohead back linecolor {} linewidth 1", panel.y.least,
             panel.y.most, rgb(kQuiet));
}

/// The names of contours, at their ends, and the values of bars, at the right edge, where no bar reaches.
void add_words_at_data(std::string& script, const Panel& panel) {
  for (const Trace& trace : panel.traces) {
    if (trace.data.empty()) continue;
    if (trace.mark == Mark::contour) {
      const Datum& end = trace.data.back();
      add_line(script, "set label {} at {},{} left offset 0.5,0 font '{}' textcolor {}",
               in_quotes(trace.name), end.x, end.y, kSmall, rgb(kQuiet));
    }
    if (trace.mark != Mark::bars) continue;
    for (const Datum& datum : trace.data) {
      add_line(script, "set label {} at {},{} right font '{}' textcolor {}",
               in_quotes(with_minus_sign(fmt::format("{:+.1f}", datum.x))), panel.x.most, datum.y, kSmall,
               rgb(kInk));
    }
  }
}

std::string block_name(size_t trace) {
  return fmt::format("$trace{}", trace);
}

/// A trace's data as rows "x y low high key"; a gap for what is not a number.
void add_data(std::string& script, const Trace& trace, size_t index) {
  add_line(script, "{} << END_OF_TRACE", block_name(index));
  for (size_t i = 0; i < trace.data.size(); ++i) {
    const Datum& datum = trace.data[i];
    if (std::isfinite(datum.x) && std::isfinite(datum.y)) {
      add_line(script, "{} {} {} {} {}.{}", datum.x, datum.y, datum.low, datum.high, index, i);
    } else {
      script += '\n';
    }
  }
  add_line(script, "END_OF_TRACE");
}

bool has_spread(const Trace& trace) {
  return std::ranges::any_of(trace.data, [](const Datum& datum) { return datum.low < datum.high; });
}

double point_size(const Trace& trace) {
  if (trace.mark == Mark::line) return 0.35;
  if (trace.mark == Mark::points) return trace.faint ? 0.5 : 1.05;
  return 0.75;
}

/// "#aaRRGGBB" of a paint, gnuplot's notation for transparency.
std::string pale(const Paint& paint, const char* transparency) {
  return fmt::format("rgb '#{}{}'", transparency, paint.colour.substr(1));
}

/// "$trace0 using ... with ...": the layers of one trace, from below.
std::vector<std::string> layers_of(const Trace& trace, size_t index, const Sheet& sheet) {
  const std::string block = block_name(index);
  const Paint paint = paint_of(trace.look);
  const std::string colour = trace.faint ? pale(paint, "90") : rgb(paint);
  std::vector<std::string> layers;
  const auto points = [&](const std::string& point_colour, double size, const char* rows) {
    // Without a page around it, a plot has no use for hypertext.
    const char* with = sheet.pointable ? "labels hypertext point" : "points";
    layers.push_back(
        fmt::format("{} {} using 1:2{} with {} pointtype {} pointsize {} linewidth {} linecolor {}", block,
                    rows, sheet.pointable ? ":(stringcolumn(5))" : "", with,
                    kPointTypes[trace.look.shape % kShapes], size, kOutline, point_colour));
  };
  const auto line = [&](double width, const std::string& more = "") {
    layers.push_back(
        fmt::format("{} using 1:2 with lines linewidth {} linecolor {} {}", block, width, colour, more));
  };
  switch (trace.mark) {
    case Mark::curve:
      if (has_spread(trace)) {
        layers.push_back(fmt::format(
            "{} using 1:3:4 with filledcurves fillcolor {} fillstyle transparent solid 0.16 noborder", block,
            rgb(paint)));
      }
      line(2);
      points(colour, point_size(trace), "");
      break;
    case Mark::line:
      line(trace.faint ? 1 : 2.4);
      points(colour, point_size(trace), fmt::format("every ::{}", trace.data.size() - 1).c_str());
      break;
    case Mark::level:
      line(1.6, fmt::format("dashtype ({})", dashes_of(trace.look)));
      break;
    case Mark::points:
      points(colour, point_size(trace), "");
      break;
    case Mark::contour:
      layers.push_back(fmt::format("{} using 1:2 with lines linewidth 1 linecolor {}", block, rgb(kContour)));
      break;
    case Mark::bars:
      layers.push_back(
          fmt::format("{} using 1:2:(0):1:($2-0.34):($2+0.34) with boxxyerror fillcolor {} "
                      "fillstyle solid 1 noborder",
                      block, rgb(kBar)));
      if (has_spread(trace)) {
        layers.push_back(fmt::format(
            "{} using 3:2:($4-$3):(0) with vectors nohead linewidth 1.4 linecolor {}", block, rgb(kInk)));
      }
      if (sheet.pointable) points(rgb(kInvisible), 2.2, "");
      break;
  }
  return layers;
}

void add_plot(std::string& script, const Panel& panel, const Sheet& sheet) {
  std::vector<std::string> layers;
  for (size_t i = 0; i < panel.traces.size(); ++i) {
    if (panel.traces[i].data.empty()) continue;
    add_data(script, panel.traces[i], i);
    for (std::string& layer : layers_of(panel.traces[i], i, sheet)) layers.push_back(std::move(layer));
  }
  if (layers.empty()) layers = {"NaN"};
  add_line(script, "plot {}", fmt::join(layers, ", \\\n     "));
}

/// The width of a legend's entry.
double entry_width(const Trace& entry) {
  return 40 + 7.2 * static_cast<double>(entry.name.size());
}

/// The entries of a legend, row by row; calls `place` with each and its left end and row. Returns the rows.
template <class Place>
size_t place_legend(const std::vector<Trace>& legend, double width, const Place& place) {
  size_t row = 0;
  double left = kEdge;
  for (const Trace& entry : legend) {
    if (left > kEdge && left + entry_width(entry) > width) {
      ++row;
      left = kEdge;
    }
    place(entry, left, row);
    left += entry_width(entry);
  }
  return legend.empty() ? 0 : row + 1;
}

/// Each entry as its trace is drawn: a point, a line with a point or a dashed line.
void add_legend(std::string& script, const Figure& figure, const Sheet& sheet) {
  place_legend(legend_of(figure), sheet.width, [&](const Trace& entry, double left, size_t row) {
    const double y = 1 - (16 + kLegendRow * static_cast<double>(row)) / sheet.height;
    const std::string colour = rgb(paint_of(entry.look));
    if (entry.mark != Mark::points) {
      const std::string dashes =
          entry.mark == Mark::level ? fmt::format("dashtype ({})", dashes_of(entry.look)) : "";
      add_line(
          script,
          "set arrow from screen {:.5f},{:.5f} to screen {:.5f},{:.5f} nohead linewidth 2 linecolor {} {}",
          (left - kSwatch / 2) / sheet.width, y, (left + kSwatch / 2) / sheet.width, y, colour, dashes);
    }
    const std::string point = entry.mark == Mark::level
                                  ? ""
                                  : fmt::format("point pointtype {} pointsize 0.9 linewidth {} linecolor {}",
                                                kPointTypes[entry.look.shape % kShapes], kOutline, colour);
    add_line(script, "set label {} at screen {:.5f},{:.5f} left offset 1.8,0 font ',12' textcolor {} {}",
             in_quotes(entry.name), left / sheet.width, y, rgb(kInk), point);
  });
}

}  // namespace

std::string panel_script(const Panel& panel, const PanelBox& box, const Sheet& sheet) {
  std::string script = "unset key\nset border 0\nset tics scale 0\nset format '%g'\n";
  add_frame(script, panel, box, sheet);
  add_axis(script, 'x', panel.x);
  add_axis(script, 'y', panel.y);
  add_grid(script, panel);
  add_words_at_data(script, panel);
  add_plot(script, panel, sheet);
  script += "unset label\nunset arrow\n";
  return script;
}

Layout lay_out(const Figure& figure) {
  Layout layout;
  double left = 0, top = 0, height = 0, width = 0;
  for (const Panel& panel : figure.panels) {
    if (left > 0 && left + panel.width > kWidestSheet) {
      left = 0;
      top += height;
      height = 0;
    }
    layout.boxes.push_back({left, top, panel.width, panel.height});
    left += panel.width;
    width = std::max(width, left);
    height = std::max(height, panel.height);
  }
  const size_t rows = place_legend(legend_of(figure), width, [](const Trace&, double, size_t) {});
  const double legend = rows == 0 ? 0 : 10 + kLegendRow * static_cast<double>(rows);
  for (PanelBox& box : layout.boxes) box.top += legend + kEdge / 2;
  layout.sheet = {.width = width, .height = legend + kEdge / 2 + top + height};
  return layout;
}

std::string figure_script(const Figure& figure, const Layout& layout) {
  std::string script = "set multiplot\n";
  add_legend(script, figure, layout.sheet);
  for (size_t i = 0; i < figure.panels.size(); ++i)
    script += panel_script(figure.panels[i], layout.boxes[i], layout.sheet);
  return script + "unset multiplot\n";
}

}  // namespace promptbed
