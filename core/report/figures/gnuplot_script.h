#pragma once

#include <string>

#include "report/figures/figure.h"

namespace promptbed {

/// A rectangle of pixels, from the sheet's upper left corner.
struct PanelBox {
  double left = 0;
  double top = 0;
  double width = 0;
  double height = 0;
};

/// What gnuplot draws on.
struct Sheet {
  double width = 0;  ///< pixels
  double height = 0;
  bool pointable = false;  ///< points are hypertext "TRACE.DATUM", by which a page finds their data
};

/// Commands that draw a panel into its box of a sheet. They leave nothing set that the next panel would not
/// set anyway. Names are data: no character of a name is a command.
std::string panel_script(const Panel& panel, const PanelBox& box, const Sheet& sheet);

/// Where the panels of a figure go, row by row, and how large the sheet is, with room for a legend.
struct Layout {
  Sheet sheet;
  std::vector<PanelBox> boxes;  ///< one per panel
};

/// Panels in natural size, as many side by side as fit the width of a page.
Layout lay_out(const Figure& figure);

/// Commands that draw all of a figure, its legend above the panels.
std::string figure_script(const Figure& figure, const Layout& layout);

}  // namespace promptbed
