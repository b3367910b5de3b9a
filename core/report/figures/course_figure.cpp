#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "report/figures/grid_figures.h"

namespace promptbed {
namespace {

Trace course_trace(const char* classes, Mark mark, const Course& course, Accuracy Stage::*which,
                   const Look& look) {
  Trace trace{.name = fmt::format("{} ({})", classes, mark == Mark::level ? "dashed" : "solid"),
              .mark = mark,
              .look = look,
              .data = {}};
  for (const Stage& stage : course.stages) {
    const std::optional<double>& mean = (stage.*which).mean;
    if (!mean) continue;
    trace.data.push_back({.x = static_cast<double>(stage.epoch),
                          .y = *mean,
                          .low = *mean,
                          .high = *mean,
                          .text = fmt::format("{}: {:.2f} % on {} after epoch {}", course.label(), *mean,
                                              classes, stage.epoch)});
  }
  return trace;
}

Panel course_panel(const Course& course, const Look& look) {
  Panel panel{.title = course.label(), .x = {}, .y = {}, .traces = {}};
  panel.traces.push_back(course_trace("base", Mark::curve, course, &Stage::base, look));
  panel.traces.push_back(course_trace("new", Mark::level, course, &Stage::on_new, look));
  std::erase_if(panel.traces, [](const Trace& trace) { return trace.data.empty(); });
  return panel;
}

}  // namespace

Figure course_figure(const Courses& courses, Looks& looks) {
  Figure figure{.id = "by-epoch",
                .title = "Base and new accuracy by epoch",
                .caption = "Means over datasets and seeds, on base and on new classes.",
                .panels = {}};
  std::vector<double> accuracies;
  int64_t last = 1;
  for (const Course& course : courses.all) {
    const Panel& panel =
        figure.panels.emplace_back(course_panel(course, looks.of(course.label(), /*is_trained=*/true)));
    for (const Trace& trace : panel.traces) {
      for (const Datum& datum : trace.data) accuracies.push_back(datum.y);
    }
    last = std::max(last, course.stages.back().epoch);
  }
  for (Panel& panel : figure.panels) {  // all to the same scale
    panel.x = axis_of_counts("epoch", last);
    panel.y = axis_over("accuracy (%)", accuracies);
  }
  return figure;
}

}  // namespace promptbed
