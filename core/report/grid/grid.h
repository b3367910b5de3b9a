#pragma once

#include <promptbed/protocol.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/suites/suite.h"
#include "report/grid/accuracy.h"
#include "report/select/query.h"
#include "report/select/snapshot.h"

namespace promptbed {

/// What an accuracy is of, or another number of the same kind.
struct Measure {
  std::string name;                   ///< "Base", "4 shots"
  std::string class_set;              ///< tested: "base", "new" or "all"; "" for H of the first two measures
  std::optional<int64_t> shots = {};  ///< of the trained runs, if the measures differ in them
  std::string measured = {};          ///< one of the names in `measured`; "" for the grid's metric

  bool is_h() const { return class_set.empty(); }
};

/// One series on one dataset, over seeds, or its average over datasets.
struct GridCell {
  std::vector<Accuracy> accuracies;  ///< by measure
  ShotRange shots = {};              ///< training images that the classes really have; 0 without training
  std::optional<ParameterCount> parameters = {};  ///< learned; nothing if unknown or different between runs
  std::optional<RunSpec> spec = {};  ///< of one of the runs; the others have other seeds or shots
};

/// One variant of a method on all datasets.
struct GridSeries {
  std::string method;
  std::string variant;          ///< what differs from the method's other variants; "" for the only one
  std::vector<GridCell> cells;  ///< by dataset
  GridCell average;
  std::vector<std::vector<std::string>> missing;  ///< by measure: the datasets that the average lacks

  std::string label() const { return variant.empty() ? method : method + " " + variant; }
  bool is_trained() const;
};

/// A row of a table: a dataset by its number, or nothing for the average.
using GridRow = std::optional<size_t>;

/// All accuracies of one protocol: series by dataset by measure. Every table of accuracies is a projection of
/// it.
///
///     base-new        Base, New and H; averages are over the datasets that have both, with H of the averages
///     open-world      accuracy on the union of base and new, AUROC and OpenworldAUC
///     few-shot        a measure for each number of shots
///     cross-dataset,  one measure; the source is the first dataset, and averages leave it out
///     domain
struct Grid {
  Protocol protocol = Protocol::base_new;
  std::optional<int64_t> shots;  ///< nothing if no method is trained, or if the measures have their own
  std::vector<int64_t> seeds;    ///< that means are over
  std::string source;            ///< of cross-dataset and domain
  std::vector<std::string> datasets;
  std::vector<Measure> measures;
  std::vector<GridSeries> series;
  std::vector<std::string> notes;  ///< what is missing, and why
  Spread spread = Spread::none;
  Metric metric = Metric::accuracy;

  /// The first dataset that enters averages.
  size_t first_averaged() const { return source.empty() ? 0 : 1; }

  /// "pets", "imagenet (source)", "Average", "Average of targets".
  std::string name_of(GridRow row) const;

  /// Whether a mean lacks some of the seeds that it should be over. Untrained methods lack none.
  bool lacks_seeds(const Accuracy& accuracy) const;

  /// Whether an accuracy is there and lacks neither a seed nor, as an average, a dataset.
  bool is_complete(const GridSeries& of, GridRow row, size_t measure) const;
};

const GridCell& cell_in(const GridSeries& series, GridRow row);

/// All datasets below their average, or above it.
std::vector<GridRow> rows_below_average(const Grid& grid);
std::vector<GridRow> rows_above_average(const Grid& grid);

/// Fills the grid from the finished runs that the protocol asked for. An untrained method has its accuracy on
/// a target from its own run there. Cross-dataset and domain share the runs on a source: unless the query
/// names targets, the source's shifted versions in `suites`, if there are any, are those of domain, and the
/// others those of cross-dataset. `measures` are the protocol's own unless some are given. Throws Error as
/// select_runs and chosen_shots do, and if methods were trained on several sources and the query names none.
Grid make_grid(const Snapshot& snapshot, const ReportQuery& query, Protocol protocol,
               const std::vector<Suite>& suites = {}, std::vector<Measure> measures = {});

}  // namespace promptbed
