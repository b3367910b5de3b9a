#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "report/figures/grid_figures.h"
#include "report/select/selection.h"
#include "results/statistics.h"

namespace promptbed {
namespace {

using Losses = std::vector<double>;

/// What the runs of a line share; they differ in their seeds.
using Task = std::tuple<std::string, std::string, int64_t>;  // dataset, classes, shots

Task task_of(const RunResults& run) {
  return {run.spec().dataset, run.spec().classes, run.spec().shots};
}

/// Epoch by epoch, as far as all of them go.
Losses mean_losses(const std::vector<Losses>& all) {
  Losses means;
  if (all.empty()) return means;
  const size_t epochs = std::ranges::min(all, {}, &Losses::size).size();
  for (size_t epoch = 0; epoch < epochs; ++epoch) {
    std::vector<double> losses;
    for (const Losses& one : all) losses.push_back(one[epoch]);
    means.push_back(mean(losses));
  }
  return means;
}

/// The mean over seeds of each task that a series was trained for.
std::map<Task, Losses> losses_of(const Snapshot& snapshot, const Series& series) {
  std::map<Task, std::vector<Losses>> seeds;
  for (const RunResults* run : series.runs) {
    const std::vector<EpochRecord>& epochs = snapshot.epochs(run->record.id);
    if (epochs.empty()) continue;
    Losses& losses = seeds[task_of(*run)].emplace_back();
    for (const EpochRecord& epoch : epochs) losses.push_back(epoch.loss);
  }
  std::map<Task, Losses> means;
  for (const auto& [task, all] : seeds) means.emplace(task, mean_losses(all));
  return means;
}

/// A line that begins at epoch 1.
Trace trace_of(const std::string& name, const Losses& losses, const Look& look, bool faint) {
  Trace trace{.name = name, .mark = Mark::line, .look = look, .faint = faint, .data = {}};
  for (size_t i = 0; i < losses.size(); ++i) {
    trace.data.push_back({.x = static_cast<double>(i + 1), .y = losses[i]});
  }
  if (!losses.empty())
    trace.data.back().text = fmt::format("{}: {:.3f} after {} epochs", name, losses.back(), losses.size());
  return trace;
}

Panel panel_of(const std::string& label, const std::map<Task, Losses>& tasks, const Look& look) {
  Panel panel{.title = label, .x = {}, .y = {}, .traces = {}};
  std::vector<Losses> all;
  double most_loss = 0;
  size_t most_epochs = 1;
  for (const auto& [task, losses] : tasks) {
    panel.traces.push_back(trace_of(std::get<0>(task), losses, look, /*faint=*/true));
    for (const double loss : losses) {
      if (std::isfinite(loss)) most_loss = std::max(most_loss, loss);
    }
    most_epochs = std::max(most_epochs, losses.size());
    all.push_back(losses);
  }
  panel.traces.push_back(trace_of("mean", mean_losses(all), look, /*faint=*/false));
  panel.x = axis_between("epoch", 0, static_cast<double>(most_epochs) * 1.03);
  panel.y = axis_between("loss", 0, most_loss > 0 ? 1.05 * most_loss : 1);
  return panel;
}

}  // namespace

Figure loss_figure(const Snapshot& snapshot, const ReportQuery& query, Looks& looks) {
  const RunSelection selection = select_runs(snapshot, query, {});
  Figure figure{.id = "loss",
                .title = "Training loss by epoch",
                .caption = "Thin: each dataset, the mean over seeds. Thick: the mean over datasets.",
                .panels = {}};
  for (const Series& series : series_of(selection, query)) {
    const std::map<Task, Losses> tasks = losses_of(snapshot, series);
    if (!tasks.empty())
      figure.panels.push_back(panel_of(series.label(), tasks, looks.of(series.method, /*is_trained=*/true)));
  }
  return figure;
}

}  // namespace promptbed
