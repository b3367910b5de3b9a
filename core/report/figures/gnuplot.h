#pragma once

#include <filesystem>
#include <string>

#include "report/figures/figure.h"

namespace promptbed {

enum class PlotFormat { svg, png, pdf };

/// The format that the extension of a file stands for. Throws Error for any other.
PlotFormat plot_format(const std::filesystem::path& file);

/// Throws Error, with the remedy, if the program gnuplot is not installed.
void require_gnuplot();

/// The contents of a file that shows a figure on white, all panels and a legend. Throws Error if gnuplot is
/// missing or fails.
std::string draw(const Figure& figure, PlotFormat format);

/// One panel as gnuplot's SVG, without a background, for page_plot.h to fit into a page. Throws Error as draw
/// does.
std::string draw_for_page(const Panel& panel);

}  // namespace promptbed
