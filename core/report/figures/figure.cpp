#include "report/figures/figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace promptbed {
namespace {

/// How far an axis extends beyond its values, as a part of their range.
constexpr double kRoom = 0.08;

/// Characters of a name on an axis.
constexpr size_t kLongestName = 26;

bool is_named(const Trace& trace) {
  const bool is_method = trace.mark == Mark::curve || trace.mark == Mark::level || trace.mark == Mark::points;
  return is_method && !trace.name.empty() && !trace.faint;
}

/// 1, 2 or 5 times a power of ten, about a fifth of the range.
double round_step(double range) {
  const double rough = range / 5;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= 1.4 * factor * power) return factor * power;
  }
  return 10 * power;
}

/// A name short enough to fit beside a panel.
std::string shortened(const std::string& name) {
  size_t characters = 0;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool begins_character = (name[i] & 0xC0) != 0x80;  // other bytes of UTF-8 go on with one
    if (begins_character && ++characters == kLongestName) return name.substr(0, i) + "…";
  }
  return name;
}

}  // namespace

Look Looks::of(const std::string& label, bool is_trained) {
  const std::string method = label.substr(0, label.find(' '));
  const auto [found, is_new] = methods_.try_emplace(method);
  Method& own = found->second;
  if (is_new) own.look = {.hue = is_trained ? 1 + trained_++ : 0, .shape = (methods_.size() - 1) % kShapes};
  if (label == method) return own.look;
  if (std::ranges::find(own.variants, label) == own.variants.end()) own.variants.push_back(label);
  // The first variant is as the method; then come its shape open or filled, the next shape, that one open...
  const auto place = static_cast<size_t>(std::ranges::find(own.variants, label) - own.variants.begin());
  const size_t shift = place / 2 + kShapes / 2 * (place % 2);
  return {.hue = own.look.hue, .shape = (own.look.shape + shift) % kShapes};
}

std::vector<Trace> legend_of(const Figure& figure) {
  std::vector<Trace> legend;
  for (const Panel& panel : figure.panels) {
    for (const Trace& trace : panel.traces) {
      if (!is_named(trace) || trace.data.empty()) continue;
      const auto found = std::ranges::find(legend, trace.name, &Trace::name);
      if (found == legend.end()) {
        legend.push_back({.name = trace.name, .mark = trace.mark, .look = trace.look, .data = {}});
      } else if (found->look != trace.look) {
        found->look = {};
      }
    }
  }
  return legend;
}

std::string describe(const Panel& panel) {
  std::string words;
  for (const Trace& trace : panel.traces) {
    if (trace.faint || trace.mark == Mark::contour) continue;
    for (const Datum& datum : trace.data) {
      if (datum.text.empty()) continue;
      words += (words.empty() ? "" : "; ") + datum.text;
    }
  }
  return words;
}

std::string with_minus_sign(std::string number) {
  return number.starts_with('-') ? fmt::format("−{}", number.substr(1)) : number;
}

Axis axis_between(std::string label, double least, double most) {
  Axis axis{.label = std::move(label), .least = least, .most = most};
  const double step = round_step(most - least);
  for (double tick = std::ceil(least / step); tick * step <= most; ++tick)
    axis.ticks.push_back({tick * step, with_minus_sign(fmt::format("{:.4g}", tick * step + 0.0))});
  return axis;
}

Axis axis_over(std::string label, const std::vector<double>& values) {
  if (values.empty()) return axis_between(std::move(label), 0, 1);
  const auto [least, most] = std::ranges::minmax(values);
  const double room = most > least ? kRoom * (most - least) : 1;
  return axis_between(std::move(label), least - room, most + room);
}

void share_length_of_y(std::vector<Panel>& panels) {
  double length = 0;
  for (const Panel& panel : panels) length = std::max(length, panel.y.most - panel.y.least);
  for (Panel& panel : panels) {
    const double middle = (panel.y.least + panel.y.most) / 2;
    panel.y = axis_between(panel.y.label, middle - length / 2, middle + length / 2);
  }
}

Axis axis_of_counts(std::string label, int64_t most) {
  Axis axis{.label = std::move(label), .least = 0, .most = 1.03 * static_cast<double>(most)};
  const auto step = static_cast<int64_t>(std::max(round_step(axis.most), 1.0));
  for (int64_t tick = 0; tick <= most; tick += step)
    axis.ticks.push_back({static_cast<double>(tick), fmt::format("{}", tick)});
  return axis;
}

Axis axis_of_names(const std::vector<std::string>& names) {
  Axis axis{.label = "", .least = -static_cast<double>(names.size()) + 0.5, .most = 0.5, .is_names = true};
  for (size_t i = 0; i < names.size(); ++i)
    axis.ticks.push_back({-static_cast<double>(i), shortened(names[i])});
  return axis;
}

}  // namespace promptbed
