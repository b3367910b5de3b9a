#include "report/grid/paper.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

#include "report/grid/grid_text.h"
#include "results/statistics.h"
#include "table/table.h"

namespace promptbed {
namespace {

/// Why numbers are not compared -> series -> datasets.
using Reasons = std::map<std::string, std::map<std::string, std::vector<std::string>>>;

/// By row of a grid: the paper's figures, none of them where it has averages alone; nothing where it is not
/// compared.
using FiguresByDataset = std::vector<std::optional<PublishedFigures>>;

/// Whether a paper has figures in a protocol, of a method or of any.
bool has_figures(const Published& paper, Protocol protocol, const std::optional<std::string>& method = {}) {
  return std::ranges::any_of(paper.figures, [&](const auto& figures) {
    const auto& [of, name, dataset] = figures.first;
    return of == protocol && (!method || name == *method);
  });
}

/// The paper that has figures of a method in a protocol, or else one that has the method; nullptr if none
/// has.
const Published* paper_of(const std::vector<Published>& papers, Protocol protocol,
                          const std::string& method) {
  const Published* any = nullptr;
  for (const Published& paper : papers) {
    if (has_figures(paper, protocol, method)) return &paper;
    if (any == nullptr && paper.find(method) != nullptr) any = &paper;
  }
  return any;
}

/// "not compared: the model is ViT-S/8, the paper's ViT-B/16: coop, cocoop on dtd"
std::vector<std::string> note_reasons(const Reasons& reasons, size_t datasets) {
  std::vector<std::string> notes;
  for (const auto& [reason, series] : reasons) {
    std::vector<std::string> parts;
    for (const auto& [label, names] : series) {
      parts.push_back(names.size() == datasets ? label
                                               : fmt::format("{} on {}", label, fmt::join(names, ", ")));
    }
    notes.push_back(fmt::format("not compared, for {}: {}", reason, fmt::join(parts, "; ")));
  }
  return notes;
}

/// Where in a paper the figures of one of our tables stand: in another one, if it has not this one.
const std::string& place_in(const Published& paper, std::string_view table) {
  const auto found = paper.places.find(table);
  return (found == paper.places.end() ? paper.places.begin() : found)->second;
}

/// What the published figures are, and what was not checked.
std::vector<std::string> note_sources(const std::set<const Published*>& papers, std::string_view table,
                                      const std::vector<int64_t>& seeds) {
  std::vector<std::string> notes;
  for (const Published* paper : papers) {
    append(notes,
           {fmt::format("paper: {} {}; {}, {}, mean over seeds {}", paper->citation, place_in(*paper, table),
                        paper->backbone, plural(static_cast<size_t>(paper->shots), "shot"),
                        fmt::join(paper->seeds, ", ")),
            "the model's architecture is the paper's; whether its weights are is not known"});
    append(notes, paper->remarks);
    if (!seeds.empty() && seeds != paper->seeds) {
      append(notes, {fmt::format("the seeds are {}, the paper's {}", fmt::join(seeds, ", "),
                                 fmt::join(paper->seeds, ", "))});
    }
  }
  return notes;
}

std::string digits(double value, const PaperMeasure& measure) {
  return measure.unit.empty() ? grouped(std::llround(value)) : fmt::format("{:.2f}", value);
}

Cell shown(const std::optional<double>& value, const PaperMeasure& measure) {
  return value ? Cell(digits(*value, measure), *value) : Cell("-");
}

Cell shown_own(const PaperCell& cell, const PaperMeasure& measure) {
  return cell.refused ? Cell(kCannot) : shown(cell.own, measure);
}

std::optional<double> difference(const PaperCell& cell) {
  if (!cell.own || !cell.published) return std::nullopt;
  return *cell.own - *cell.published;
}

Cell shown_difference(const PaperCell& cell, const PaperMeasure& measure) {
  const auto value = difference(cell);
  if (!value) return "-";
  const std::string sign = *value < 0 ? "" : "+";
  return {measure.unit.empty() ? sign + grouped(std::llround(*value)) : fmt::format("{:+.2f}", *value),
          *value};
}

std::optional<double> parameter_number(const GridCell& cell) {
  if (!cell.parameters) return std::nullopt;
  return static_cast<double>(cell.parameters->without_biases);
}

/// Fills series in beside the papers, and collects why others are not compared.
class Comparison {
 public:
  Comparison(const Grid& grid, const std::vector<Published>& papers, const std::string& architecture)
      : grid_(grid), papers_(papers), architecture_(architecture) {}

  const Reasons& reasons() const { return reasons_; }

  /// The papers that something was compared with.
  const std::set<const Published*>& used() const { return used_; }

  /// The cells of `rows`.
  PaperColumn fill(const GridSeries& series, const std::vector<GridRow>& rows, bool with_parameters) {
    const Published* paper = paper_of(papers_, grid_.protocol, series.method);
    FiguresByDataset by_dataset;
    for (size_t i = 0; i < grid_.datasets.size(); ++i) by_dataset.push_back(find_published(series, paper, i));
    const PublishedFigures average = average_of(series, paper, by_dataset);
    const size_t measures = grid_.measures.size();
    PaperColumn filled{.label = series.label(),
                       .cells = std::vector<std::vector<PaperCell>>(measures + (with_parameters ? 1 : 0))};
    for (const GridRow row : rows) {
      const GridCell& cell = cell_in(series, row);
      const PublishedFigures published = row ? by_dataset[*row].value_or(PublishedFigures()) : average;
      for (size_t m = 0; m < measures; ++m)
        filled.cells[m].push_back({cell.accuracies[m].mean, value_in(published, grid_.measures[m].name),
                                   !cell.accuracies[m].mean && !cell.accuracies[m].refusal.empty()});
      if (with_parameters)
        filled.cells.back().push_back({parameter_number(cell), value_in(published, kPublishedParameters)});
    }
    return filled;
  }

 private:
  static std::optional<double> value_in(const PublishedFigures& figures, const std::string& measure) {
    const auto found = figures.find(measure);
    return found == figures.end() ? std::nullopt : std::optional(found->second);
  }

  /// The paper's figures for a cell, none where it has averages alone; nothing, with a reason, if it has
  /// neither or they are of something else.
  std::optional<PublishedFigures> find_published(const GridSeries& series, const Published* paper,
                                                 size_t row) {
    const GridCell& cell = series.cells[row];
    const std::string& dataset = grid_.datasets[row];
    if (!cell.accuracies.front().mean || !cell.spec) return std::nullopt;
    std::string reason = "the method is in no paper at hand";
    if (paper != nullptr) {
      const bool has_any = has_figures(*paper, grid_.protocol);
      const auto mismatch = has_any ? paper->mismatch(*cell.spec, architecture_) : std::nullopt;
      const auto found = paper->figures.find({grid_.protocol, series.method, dataset});
      if (!mismatch && found != paper->figures.end()) {
        used_.insert(paper);
        return found->second;
      }
      if (!mismatch && printed_for(series, *paper) != nullptr && paper->averaged.contains(dataset))
        return PublishedFigures();
      reason = mismatch.value_or("the paper has no figures of it");
    }
    // Runs trained on a source are the same ones for all targets.
    if (grid_.source.empty() || dataset == grid_.source) reasons_[reason][series.label()].push_back(dataset);
    return std::nullopt;
  }

  /// The average that the paper prints, if that stands for figures on each dataset; otherwise nullptr.
  const PublishedFigures* printed_for(const GridSeries& series, const Published& paper) const {
    if (paper.averaged.empty() || grid_.protocol != Protocol::base_new) return nullptr;
    const auto found = paper.figures.find({grid_.protocol, series.method, kPrintedAverage});
    return found == paper.figures.end() ? nullptr : &found->second;
  }

  /// The paper's means over the datasets that one's own are over: of its figures on each, or else the printed
  /// ones. None if it lacks one of the datasets.
  PublishedFigures average_of(const GridSeries& series, const Published* paper,
                              const FiguresByDataset& by_dataset) {
    if (paper == nullptr) return {};
    if (const PublishedFigures* printed = printed_for(series, *paper))
      return is_over_the_papers_datasets(series, *paper, by_dataset) ? *printed : PublishedFigures();
    PublishedFigures averages;
    for (size_t m = 0; m < grid_.measures.size(); ++m) {
      const Measure& measure = grid_.measures[m];
      if (measure.is_h()) {
        averages[measure.name] =
            harmonic_mean(averages.at(grid_.measures[0].name), averages.at(grid_.measures[1].name));
        continue;
      }
      std::vector<double> values;
      for (size_t i = grid_.first_averaged(); i < grid_.datasets.size(); ++i) {
        if (is_missing(series, m, i)) continue;
        const auto value = by_dataset[i] ? value_in(*by_dataset[i], measure.name) : std::optional<double>();
        if (!value) return {};
        values.push_back(*value);
      }
      if (values.empty()) return {};
      averages[measure.name] = mean(values);
    }
    return averages;
  }

  /// Whether one's own average leaves a dataset out.
  bool is_missing(const GridSeries& series, size_t measure, size_t dataset) const {
    return std::ranges::count(series.missing[measure], grid_.datasets[dataset]) > 0;
  }

  /// Whether one's own averages, of all measures, are over what a printed one is over, all of it comparable;
  /// otherwise with a reason, unless there is one for each dataset.
  bool is_over_the_papers_datasets(const GridSeries& series, const Published& paper,
                                   const FiguresByDataset& by_dataset) {
    std::vector<std::string> comparable;
    size_t others = 0;
    for (size_t i = 0; i < grid_.datasets.size(); ++i) {
      size_t missing = 0;
      for (size_t m = 0; m < grid_.measures.size(); ++m) missing += is_missing(series, m, i) ? 1 : 0;
      if (by_dataset[i] && missing == 0)
        comparable.push_back(grid_.datasets[i]);
      else if (missing < grid_.measures.size())
        ++others;
    }
    if (comparable.size() == paper.averaged.size() && others == 0) {
      used_.insert(&paper);
      return true;
    }
    if (comparable.empty()) return false;
    const size_t lacking = paper.averaged.size() - comparable.size();
    const std::string reason =
        lacking == 0 ? "the average is over more than the paper's datasets"
                     : fmt::format(
                           "the paper's figures are averages over {} datasets, of which {} not here or "
                           "not comparable",
                           paper.averaged.size(), lacking == 1 ? "1 is" : fmt::format("{} are", lacking));
    reasons_[reason][series.label()] = comparable;
    return false;
  }

  const Grid& grid_;
  const std::vector<Published>& papers_;
  const std::string& architecture_;
  Reasons reasons_;
  std::set<const Published*> used_;
};

}  // namespace

bool PaperColumn::is_compared() const {
  return std::ranges::any_of(cells, [](const auto& of_measure) {
    return std::ranges::any_of(of_measure, [](const PaperCell& cell) { return cell.published.has_value(); });
  });
}

Report PaperTable::report() const {
  Table table{.title = title, .columns = {{"Dataset", Alignment::left}}, .rows = {}, .notes = notes};
  // A table that will be turned has the same columns for all methods.
  const bool is_wide = columns.size() > kMostGroupsAcross;
  const auto shows_paper = [&](const PaperColumn& column) {
    return is_wide ? std::ranges::any_of(columns, &PaperColumn::is_compared) : column.is_compared();
  };
  for (const PaperColumn& column : columns) {
    for (const PaperMeasure& measure : measures) {
      table.columns.push_back({measure.name, Alignment::right, column.label, measure.unit});
      if (!shows_paper(column)) continue;
      table.columns.push_back({"paper", Alignment::right, column.label, measure.unit});
      table.columns.push_back({"diff", Alignment::right, column.label, measure.unit});
    }
  }
  Table records{.title = title, .columns = {}, .rows = {}, .notes = notes};
  add_columns(records, {"dataset", "method", "measure", "own", "published", "difference"});
  for (size_t i = 0; i < rows.size(); ++i) {
    auto& row = table.rows.emplace_back(std::vector<Cell>{rows[i]});
    for (const PaperColumn& column : columns) {
      for (size_t m = 0; m < measures.size(); ++m) {
        const PaperCell& cell = column.cells[m][i];
        row.push_back(shown_own(cell, measures[m]));
        records.rows.push_back({rows[i], column.label, measures[m].name, exact(cell.own),
                                exact(cell.published), exact(difference(cell))});
        if (!shows_paper(column)) continue;
        row.push_back(shown(cell.published, measures[m]));
        row.push_back(shown_difference(cell, measures[m]));
      }
    }
  }
  table.summary_rows = {average};
  return {std::move(table), std::move(records)};
}

PaperTable paper_table(const Grid& grid, const std::vector<Published>& papers,
                       const std::string& architecture, bool with_parameters) {
  const bool is_transfer = has_source(grid.protocol);
  PaperTable table{
      .title = fmt::format("{} (%) beside the paper's{}{}", is_transfer ? "Accuracy" : "Base-to-new accuracy",
                           setting_of(grid), over_seeds(grid.seeds, Spread::none)),
      .measures = {},
      .rows = {},
      .average = is_transfer ? grid.datasets.size() : 0,
      .columns = {},
      .notes = {}};
  for (const Measure& measure : grid.measures) table.measures.push_back({measure.name, "%"});
  if (with_parameters) table.measures.push_back({kPublishedParameters, ""});
  const std::vector<GridRow> rows = is_transfer ? rows_above_average(grid) : rows_below_average(grid);
  for (const GridRow row : rows) table.rows.push_back(grid.name_of(row));
  Comparison comparison(grid, papers, architecture);
  for (const GridSeries& series : grid.series)
    table.columns.push_back(comparison.fill(series, rows, with_parameters));
  append(table.notes, note_reasons(comparison.reasons(), is_transfer ? 1 : grid.datasets.size()));
  append(table.notes, note_sources(comparison.used(), with_parameters ? "ablation" : to_string(grid.protocol),
                                   grid.seeds));
  if (with_parameters) append(table.notes, {"parameters are counted without biases, as the paper does"});
  append(table.notes, grid.notes);
  return table;
}

}  // namespace promptbed
