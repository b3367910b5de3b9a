#pragma once

#include <filesystem>
#include <string>

#include "report/figures/figure.h"

namespace promptbed {

enum class PictureFormat { svg, png, pdf };

/// The format that the ending of a file's name stands for. Throws Error for another one.
PictureFormat picture_format(const std::filesystem::path& file);

/// Throws Error, with the remedy, where the program gnuplot is not installed.
void require_gnuplot();

/// The contents of a file that shows a figure on white, all panels and a legend, in colours of its own.
/// Throws Error where gnuplot is missing or fails.
std::string draw(const Figure& figure, PictureFormat format);

/// One panel as gnuplot's SVG, without ground, for page_picture.h to fit into a page. Throws Error as draw
/// does.
std::string draw_for_page(const Panel& panel);

}  // namespace promptbed
