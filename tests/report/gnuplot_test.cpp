#include "report/figures/gnuplot.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "report/figures/gnuplot_script.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

Figure small_figure(const std::string& name = "coop") {
  const Trace curve{.name = name,
                    .mark = Mark::curve,
                    .look = {.hue = 1, .shape = 1},
                    .data = {{.x = 1, .y = 40, .low = 38, .high = 42, .text = "one"},
                             {.x = 2, .y = 50, .low = 50, .high = 50}}};
  return {
      .id = "small",
      .title = "Small",
      .caption = "",
      .panels = {
          {.title = name, .x = axis_between(name, 0, 3), .y = axis_between("y", 30, 60), .traces = {curve}}}};
}

TEST(Gnuplot, DrawsEachFormat) {
  EXPECT_EQ(draw(small_figure(), PlotFormat::png).substr(0, 8), "\x89PNG\r\n\x1a\n");
  EXPECT_EQ(draw(small_figure(), PlotFormat::pdf).substr(0, 5), "%PDF-");
  const std::string svg = draw(small_figure(), PlotFormat::svg);
  EXPECT_EQ(svg.substr(0, 5), "<?xml");
  EXPECT_NE(svg.find("</svg>"), std::string::npos);
  EXPECT_EQ(svg.find("onmousemove"), std::string::npos) << "a plot has no scripts";
}

TEST(Gnuplot, DrawsWhatIsNoNumberAsAGap) {
  Figure figure = small_figure();
  figure.panels[0].traces[0].mark = Mark::line;
  for (Datum& datum : figure.panels[0].traces[0].data) datum.y = std::nan("");
  EXPECT_NE(draw(figure, PlotFormat::svg).find("</svg>"), std::string::npos);
}

TEST(Gnuplot, TheExtensionOfAFileIsTheFormat) {
  EXPECT_EQ(plot_format("out/curves.svg"), PlotFormat::svg);
  EXPECT_EQ(plot_format("curves.png"), PlotFormat::png);
  EXPECT_EQ(plot_format("curves.pdf"), PlotFormat::pdf);
  EXPECT_ERROR(plot_format("curves.jpg"), "--plot curves.jpg: the extension is the format");
}

TEST(Gnuplot, ANameIsNeverACommand) {
  const test::ScratchFolder folder;
  const std::string file = (folder / "made").string();
  for (const std::string& name :
       {"`touch " + file + "`", "'; system('touch " + file + "'); '", "\"\n!touch " + file + "\n",
        "END_OF_TRACE\n!touch " + file, std::string("@a $b \\ {/Bold x} % & <i>")}) {
    EXPECT_NE(draw(small_figure(name), PlotFormat::svg).find("</svg>"), std::string::npos) << name;
    EXPECT_FALSE(std::filesystem::exists(file)) << name;
  }
}

TEST(Gnuplot, ANameOfAnAxisIsNoFormat) {
  Figure figure = small_figure();
  Axis& names = figure.panels[0].y;
  names.is_names = true;
  names.ticks = {{40, "100% wool"}, {50, "wool%20socks"}};
  const std::string svg = draw(figure, PlotFormat::svg);
  for (const Tick& tick : names.ticks) EXPECT_NE(svg.find(tick.label), std::string::npos) << tick.label;
}

TEST(Gnuplot, PanelsGoSideBySideUntilTheRowIsFull) {
  Figure figure = small_figure();
  figure.panels.resize(5, figure.panels[0]);
  const Layout layout = lay_out(figure);
  ASSERT_EQ(layout.boxes.size(), 5u);
  EXPECT_EQ(layout.boxes[2].top, layout.boxes[0].top);
  EXPECT_EQ(layout.boxes[3].left, 0);
  EXPECT_GE(layout.boxes[3].top, layout.boxes[0].top + figure.panels[0].height);
  EXPECT_GE(layout.sheet.height, layout.boxes[4].top + figure.panels[0].height);
  EXPECT_GT(layout.boxes[0].top, 20) << "room for the legend";
}

/// PATH as it was before.
class Path {
 public:
  explicit Path(const char* other) : before_(std::getenv("PATH")) { ::setenv("PATH", other, 1); }
  ~Path() { ::setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
};

TEST(Gnuplot, IfItIsMissingOneLineHasTheRemedy) {
  const Path nowhere("/nowhere");
  EXPECT_ERROR(draw(small_figure(), PlotFormat::svg), "gnuplot: is not installed");
  EXPECT_ERROR(draw(small_figure(), PlotFormat::svg), "gnuplot-nox");
}

}  // namespace
}  // namespace promptbed
