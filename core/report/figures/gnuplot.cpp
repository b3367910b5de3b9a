#include "report/figures/gnuplot.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include "base/processes.h"
#include "report/figures/gnuplot_script.h"

namespace promptbed {
namespace {

/// Pixels of a PNG file for one of the sheet's, to be sharp in print.
constexpr int kSharpness = 2;

constexpr double kPixelsPerInch = 96;

/// The cairo terminals take font sizes in points; scripts give them in pixels, as SVG does.
constexpr double kPointsPerPixel = 72 / kPixelsPerInch;

std::string terminal(PlotFormat format, const Sheet& sheet) {
  switch (format) {
    case PlotFormat::svg:
      return fmt::format(
          "svg size {:.0f},{:.0f} dynamic noenhanced font 'sans-serif,12' background rgb 'white'",
          sheet.width, sheet.height);
    case PlotFormat::png:
      return fmt::format(
          "pngcairo size {:.0f},{:.0f} noenhanced font 'sans,12' fontscale {} linewidth {} pointscale {}",
          kSharpness * sheet.width, kSharpness * sheet.height, kSharpness * kPointsPerPixel, kSharpness,
          kSharpness);
    case PlotFormat::pdf:
      return fmt::format("pdfcairo size {:.3f}in,{:.3f}in noenhanced font 'sans,12' fontscale {}",
                         sheet.width / kPixelsPerInch, sheet.height / kPixelsPerInch, kPointsPerPixel);
  }
  return "";
}

/// The last line that is not empty, in which gnuplot says what is wrong.
std::string last_line(std::string text) {
  text.erase(text.find_last_not_of(" \n") + 1);
  const size_t before = text.find_last_of('\n');
  return before == std::string::npos ? text : text.substr(text.find_first_not_of(' ', before + 1));
}

/// What gnuplot writes to its standard output for these commands.
std::string run_gnuplot(const std::string& terminal, const std::string& script) {
  require_gnuplot();
  const std::string commands = fmt::format("set encoding utf8\nset terminal {}\n{}exit\n", terminal, script);
  // Without --default-settings the user's ~/.gnuplot would change the plot.
  ProgramEnd end = run_program({"gnuplot", "--default-settings"}, commands);
  if (!end.fault.empty() || end.output.empty()) {
    throw Error(fmt::format("gnuplot: cannot draw the plot ({}: {}); version 5.4 or later is needed",
                            end.fault.empty() ? "no output" : end.fault, last_line(end.errors)));
  }
  return std::move(end.output);
}

}  // namespace

PlotFormat plot_format(const std::filesystem::path& file) {
  const std::string ending = file.extension().string();
  if (ending == ".svg") return PlotFormat::svg;
  if (ending == ".png") return PlotFormat::png;
  if (ending == ".pdf") return PlotFormat::pdf;
  throw Error(fmt::format("--plot {}: the extension is the format; end the name in .svg, .png or .pdf",
                          file.string()));
}

void require_gnuplot() {
  if (!has_program("gnuplot")) {
    throw Error(
        "gnuplot: is not installed, but plots need it; install it (Debian's package gnuplot-nox), or choose "
        "another --format without --plot");
  }
}

std::string draw(const Figure& figure, PlotFormat format) {
  const Layout layout = lay_out(figure);
  return run_gnuplot(terminal(format, layout.sheet), figure_script(figure, layout));
}

std::string draw_for_page(const Panel& panel) {
  const Sheet sheet{.width = panel.width, .height = panel.height, .pointable = true};
  const PanelBox all{.left = 0, .top = 0, .width = panel.width, .height = panel.height};
  return run_gnuplot(fmt::format("svg size {:.0f},{:.0f} dynamic noenhanced font 'sans-serif,12'",
                                 panel.width, panel.height),
                     panel_script(panel, all, sheet));
}

}  // namespace promptbed
