#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "report/figures/grid_figures.h"
#include "report/select/series.h"
#include "results/statistics.h"
#include "table/table.h"

namespace promptbed {
namespace {

using Losses = std::vector<double>;

/// What a panel is of, besides its series: the classes and shots that runs were trained with. Runs of another
/// protocol learned something else, so that no mean is over both.
using Training = std::pair<std::string, int64_t>;

/// By dataset.
using LossesByDataset = std::map<std::string, Losses>;

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

/// The means over seeds of what a series was trained on.
std::map<Training, LossesByDataset> losses_of(const Snapshot& snapshot, const Series& series) {
  std::map<Training, std::map<std::string, std::vector<Losses>>> seeds;
  for (const RunResults* run : series.runs) {
    const std::vector<EpochRecord>& epochs = snapshot.epochs(run->record.id);
    if (epochs.empty()) continue;
    const RunSpec& spec = run->spec();
    Losses& losses = seeds[{spec.classes, spec.shots}][spec.dataset].emplace_back();
    for (const EpochRecord& epoch : epochs) losses.push_back(epoch.loss);
  }
  std::map<Training, LossesByDataset> means;
  for (const auto& [training, datasets] : seeds) {
    for (const auto& [dataset, all] : datasets) means[training].emplace(dataset, mean_losses(all));
  }
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

Panel panel_of(const std::string& title, const LossesByDataset& datasets, const Look& look) {
  Panel panel{.title = title, .x = {}, .y = {}, .traces = {}};
  std::vector<Losses> all;
  double most_loss = 0;
  size_t most_epochs = 1;
  for (const auto& [dataset, losses] : datasets) {
    panel.traces.push_back(trace_of(dataset, losses, look, /*faint=*/true));
    for (const double loss : losses) {
      if (std::isfinite(loss)) most_loss = std::max(most_loss, loss);
    }
    most_epochs = std::max(most_epochs, losses.size());
    all.push_back(losses);
  }
  panel.traces.push_back(trace_of("mean", mean_losses(all), look, /*faint=*/false));
  panel.x = axis_of_counts("epoch", static_cast<int64_t>(most_epochs));
  panel.y.most = most_loss > 0 ? 1.05 * most_loss : 1;
  return panel;
}

std::string in_words(const Training& training) {
  return fmt::format("{} classes, {}", training.first, plural(static_cast<size_t>(training.second), "shot"));
}

/// One scale for all, so that panels can be compared.
void share_y(std::vector<Panel>& panels) {
  double most = 0;
  for (const Panel& panel : panels) most = std::max(most, panel.y.most);
  for (Panel& panel : panels) panel.y = axis_between("loss", 0, most);
}

}  // namespace

Figure loss_figure(const Snapshot& snapshot, const ReportQuery& query, Looks& looks) {
  const RunSelection selection = select_runs(snapshot, query, {});
  Figure figure{.id = "loss",
                .title = "Training loss by epoch",
                .caption = "Thin: each dataset, the mean over seeds. Thick: the mean over datasets.",
                .panels = {}};
  std::vector<std::pair<const Series*, std::map<Training, LossesByDataset>>> found;
  std::set<Training> trainings;
  const std::vector<Series> all = series_of(selection, query);
  for (const Series& series : all) {
    found.emplace_back(&series, losses_of(snapshot, series));
    for (const auto& [training, datasets] : found.back().second) trainings.insert(training);
  }
  for (const auto& [series, by_training] : found) {
    const Look look = looks.of(series->label(), /*is_trained=*/true);
    for (const auto& [training, datasets] : by_training) {
      const std::string what = trainings.size() > 1 ? ": " + in_words(training) : "";
      figure.panels.push_back(panel_of(series->label() + what, datasets, look));
    }
  }
  share_y(figure.panels);
  return figure;
}

}  // namespace promptbed
