#pragma once

#include <string>

#include "report/figures/figure.h"
#include "report/page/markup.h"

namespace promptbed {

/// A panel as SVG inside a page: its colours are classes of the style sheet ("hue-1"), its points have their
/// datum as title and their x and y as data-x and data-y, and its text is in the page's font. `id` begins the
/// ids in it. Throws Error if gnuplot is missing or fails.
Markup page_plot(const Panel& panel, const std::string& id);

/// The shapes of points, which all plots of a page and its legends refer to as "#point-0" to "#point-5".
/// Throws as page_plot does.
Markup point_shapes();

}  // namespace promptbed
