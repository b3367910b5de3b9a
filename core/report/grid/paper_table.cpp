#include "report/grid/paper_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "report/grid/accuracy.h"
#include "report/grid/grid_notes.h"
#include "results/statistics.h"

namespace promptbed {
namespace {

/// Why figures are not compared -> series -> rows.
using Reasons = std::map<std::string, std::map<std::string, std::vector<std::string>>>;

/// The paper that has a method; nullptr where none has.
const Published* paper_of(const std::vector<Published>& papers, const std::string& method) {
  const auto found =
      std::ranges::find_if(papers, [&](const Published& paper) { return paper.find(method) != nullptr; });
  return found == papers.end() ? nullptr : &*found;
}

/// "not compared: the model is ViT-S/8, the paper's ViT-B/16: coop, cocoop on dtd"
std::vector<std::string> note_reasons(const Reasons& reasons, size_t rows) {
  std::vector<std::string> notes;
  for (const auto& [reason, series] : reasons) {
    std::vector<std::string> parts;
    for (const auto& [label, names] : series) {
      parts.push_back(names.size() == rows ? label : fmt::format("{} on {}", label, fmt::join(names, ", ")));
    }
    notes.push_back(fmt::format("not compared, for {}: {}", reason, fmt::join(parts, "; ")));
  }
  return notes;
}

/// What the published figures are, and what was not checked.
std::vector<std::string> note_sources(const std::vector<const Published*>& papers, const std::string& table,
                                      const std::vector<int64_t>& seeds) {
  std::vector<std::string> notes;
  for (const Published* paper : papers) {
    append(notes, {fmt::format("paper: {} {}; {}, {} shots, mean over seeds {}", paper->citation,
                               paper->places.at(table), paper->backbone, paper->shots,
                               fmt::join(paper->seeds, ", ")),
                   "the model's architecture is the paper's; whether its weights are is not known"});
    if (!seeds.empty() && seeds != paper->seeds) {
      append(notes, {fmt::format("the seeds are {}, the paper's {}", fmt::join(seeds, ", "),
                                 fmt::join(paper->seeds, ", "))});
    }
  }
  return notes;
}

std::string digits(double value, const PaperMeasure& measure) {
  return measure.unit.empty() ? fmt::format("{:.0f}", value) : fmt::format("{:.2f}", value);
}

Cell shown(const std::optional<double>& value, const PaperMeasure& measure) {
  return value ? Cell(digits(*value, measure), *value) : Cell("-");
}

std::optional<double> difference(const PaperCell& cell) {
  if (!cell.own || !cell.published) return std::nullopt;
  return *cell.own - *cell.published;
}

Cell shown_difference(const PaperCell& cell, const PaperMeasure& measure) {
  const auto value = difference(cell);
  if (!value) return "-";
  return {measure.unit.empty() ? fmt::format("{:+.0f}", *value) : fmt::format("{:+.2f}", *value), *value};
}

std::optional<double> parameters_of(const BaseNewCell& cell) {
  if (!cell.parameters) return std::nullopt;
  return static_cast<double>(cell.parameters->without_biases);
}

/// One series of a base-new table, filled in beside a paper.
class BaseNewSide {
 public:
  BaseNewSide(const BaseNewTable& table, const BaseNewColumn& column, const std::vector<Published>& papers,
              const std::string& architecture, bool with_parameters, Reasons& reasons)
      : table_(table),
        column_(column),
        paper_(paper_of(papers, column.method)),
        architecture_(architecture),
        with_parameters_(with_parameters),
        reasons_(reasons) {}

  /// The paper that something was compared with; nullptr for none.
  const Published* used() const { return used_; }

  PaperColumn fill() {
    PaperColumn filled{.label = column_.label(),
                       .cells = std::vector<std::vector<PaperCell>>(with_parameters_ ? 4 : 3)};
    append_cells(filled, column_.average, {}, {});
    for (size_t i = 0; i < table_.datasets.size(); ++i) {
      const BaseNewCell& cell = column_.cells[i];
      const auto figures = published(cell, table_.datasets[i]);
      append_cells(filled, cell, figures, published_parameters(figures, table_.datasets[i]));
    }
    fill_average(filled);
    return filled;
  }

 private:
  /// The paper's figures for a cell; nothing, with a reason, where they are of something else.
  std::optional<PublishedBaseNew> published(const BaseNewCell& cell, const std::string& dataset) {
    if (!cell.base.mean || !cell.spec) return std::nullopt;
    std::string reason = "the method is in no paper at hand";
    if (paper_ != nullptr) {
      const auto mismatch = paper_->mismatch(*cell.spec, architecture_);
      const auto found = paper_->base_new.find({column_.method, dataset});
      if (!mismatch && found != paper_->base_new.end()) {
        used_ = paper_;
        return found->second;
      }
      reason = mismatch.value_or("the paper has no figures of it");
    }
    reasons_[reason][column_.label()].push_back(dataset);
    return std::nullopt;
  }

  std::optional<double> published_parameters(const std::optional<PublishedBaseNew>& figures,
                                             const std::string& dataset) const {
    if (!figures) return std::nullopt;
    const auto found = paper_->parameters.find({column_.method, dataset});
    if (found == paper_->parameters.end()) return std::nullopt;
    return static_cast<double>(found->second);
  }

  void append_cells(PaperColumn& filled, const BaseNewCell& cell,
                    const std::optional<PublishedBaseNew>& figures,
                    const std::optional<double>& parameters) const {
    const auto published = [&](double PublishedBaseNew::*which) -> std::optional<double> {
      if (!figures) return std::nullopt;
      return *figures.*which;
    };
    filled.cells[0].push_back({cell.base.mean, published(&PublishedBaseNew::base)});
    filled.cells[1].push_back({cell.unseen.mean, published(&PublishedBaseNew::unseen)});
    filled.cells[2].push_back({cell.h.mean, published(&PublishedBaseNew::h)});
    if (with_parameters_) filled.cells[3].push_back({parameters_of(cell), parameters});
  }

  /// The paper's means over the datasets that one's own are over; none where it lacks one of them.
  void fill_average(PaperColumn& filled) const {
    std::vector<double> base, unseen;
    for (size_t i = 0; i < table_.datasets.size(); ++i) {
      if (std::ranges::count(column_.missing, table_.datasets[i]) > 0) continue;
      const PaperCell &own_base = filled.cells[0][i + 1], &own_unseen = filled.cells[1][i + 1];
      if (!own_base.published || !own_unseen.published) return;
      base.push_back(*own_base.published);
      unseen.push_back(*own_unseen.published);
    }
    if (base.empty()) return;
    filled.cells[0][0].published = mean(base);
    filled.cells[1][0].published = mean(unseen);
    filled.cells[2][0].published = harmonic_mean(mean(base), mean(unseen));
  }

  const BaseNewTable& table_;
  const BaseNewColumn& column_;
  const Published* paper_;
  const std::string& architecture_;
  bool with_parameters_;
  Reasons& reasons_;
  const Published* used_ = nullptr;
};

/// Why a column of a transfer table cannot be compared; nothing where it can.
std::optional<std::string> transfer_mismatch(const TransferColumn& column, const Published* paper,
                                             const std::string& architecture) {
  if (paper == nullptr) return "the method is in no paper at hand";
  if (!column.spec) return "it has no run on the source";
  return paper->mismatch(*column.spec, architecture);
}

std::vector<const Published*> without_repeats(std::vector<const Published*> papers) {
  std::erase(papers, nullptr);
  std::ranges::sort(papers);
  papers.erase(std::ranges::unique(papers).begin(), papers.end());
  return papers;
}

}  // namespace

bool PaperColumn::is_compared() const {
  return std::ranges::any_of(cells, [](const auto& of_measure) {
    return std::ranges::any_of(of_measure, [](const PaperCell& cell) { return cell.published.has_value(); });
  });
}

Report PaperTable::report() const {
  Table table{.title = title, .columns = {{"Dataset", Alignment::left}}, .rows = {}, .notes = notes};
  for (const PaperColumn& column : columns) {
    for (const PaperMeasure& measure : measures) {
      table.columns.push_back({measure.name, Alignment::right, column.label, measure.unit});
      if (!column.is_compared()) continue;
      table.columns.push_back({"paper", Alignment::right, column.label, measure.unit});
      table.columns.push_back({"diff", Alignment::right, column.label, measure.unit});
    }
  }
  Table records{.title = title, .columns = {}, .rows = {}, .notes = notes};
  for (const char* name : {"dataset", "method", "measure", "own", "published", "difference"})
    records.columns.push_back({name});
  for (size_t i = 0; i < rows.size(); ++i) {
    auto& row = table.rows.emplace_back(std::vector<Cell>{rows[i]});
    for (const PaperColumn& column : columns) {
      for (size_t m = 0; m < measures.size(); ++m) {
        const PaperCell& cell = column.cells[m][i];
        row.push_back(shown(cell.own, measures[m]));
        records.rows.push_back({rows[i], column.label, measures[m].name, exact(cell.own),
                                exact(cell.published), exact(difference(cell))});
        if (!column.is_compared()) continue;
        row.push_back(shown(cell.published, measures[m]));
        row.push_back(shown_difference(cell, measures[m]));
      }
    }
  }
  table.summary_rows = {average};
  return {std::move(table), std::move(records)};
}

PaperTable paper_table(const BaseNewTable& table, const std::vector<Published>& papers,
                       const std::string& architecture, bool with_parameters) {
  PaperTable compared{.title = fmt::format("Base-to-new accuracy (%) beside the paper's{}{}",
                                           at_shots(table.shots), over_seeds(table.seeds, Spread::none)),
                      .measures = {{"Base", "%"}, {"New", "%"}, {"H", "%"}},
                      .rows = {"Average"},
                      .average = 0,
                      .columns = {},
                      .notes = {}};
  if (with_parameters) compared.measures.push_back({"Parameters", ""});
  compared.rows.insert(compared.rows.end(), table.datasets.begin(), table.datasets.end());
  Reasons reasons;
  std::vector<const Published*> used;
  for (const BaseNewColumn& column : table.columns) {
    BaseNewSide side(table, column, papers, architecture, with_parameters, reasons);
    compared.columns.push_back(side.fill());
    used.push_back(side.used());
  }
  append(compared.notes, note_reasons(reasons, table.datasets.size()));
  append(compared.notes,
         note_sources(without_repeats(used), with_parameters ? "ablation" : "base-new", table.seeds));
  if (with_parameters) append(compared.notes, {"parameters are counted without biases, as the paper does"});
  append(compared.notes, table.notes);
  return compared;
}

PaperTable paper_table(const TransferTable& table, const std::vector<Published>& papers,
                       const std::string& architecture) {
  const std::string& protocol = table.protocol;
  PaperTable compared{.title = fmt::format("Accuracy (%) beside the paper's, trained on {}{}{}", table.source,
                                           at_shots(table.shots), over_seeds(table.seeds, Spread::none)),
                      .measures = {{"Accuracy", "%"}},
                      .rows = {table.source + " (source)"},
                      .average = table.targets.size() + 1,
                      .columns = {},
                      .notes = {}};
  compared.rows.insert(compared.rows.end(), table.targets.begin(), table.targets.end());
  compared.rows.emplace_back("Average of targets");
  Reasons reasons;
  std::vector<const Published*> used;
  for (const TransferColumn& column : table.columns) {
    const Published* paper = paper_of(papers, column.method);
    const auto mismatch = transfer_mismatch(column, paper, architecture);
    if (mismatch) reasons[*mismatch][column.label()].push_back(table.source);
    const auto published = [&](const std::string& dataset) -> std::optional<double> {
      if (mismatch || !paper->transfers.contains(protocol)) return std::nullopt;
      const auto& figures = paper->transfers.at(protocol);
      const auto found = figures.find({column.method, dataset});
      if (found == figures.end()) return std::nullopt;
      used.push_back(paper);
      return found->second;
    };
    auto& cells =
        compared.columns.emplace_back(PaperColumn{.label = column.label(), .cells = {}})
            .cells.emplace_back(std::vector<PaperCell>{{column.source.mean, published(table.source)}});
    std::vector<double> averaged;
    bool is_complete = true;
    for (size_t i = 0; i < table.targets.size(); ++i) {
      cells.push_back({column.targets[i].mean, published(table.targets[i])});
      if (!cells.back().own) continue;
      if (cells.back().published) averaged.push_back(*cells.back().published);
      is_complete = is_complete && cells.back().published;
    }
    cells.push_back({column.average.accuracy.mean, {}});
    if (is_complete && !averaged.empty()) cells.back().published = mean(averaged);
  }
  append(compared.notes, note_reasons(reasons, 1));
  append(compared.notes, note_sources(without_repeats(used), protocol, table.seeds));
  append(compared.notes, table.notes);
  return compared;
}

}  // namespace promptbed
