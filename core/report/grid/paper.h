#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/grid/grid.h"
#include "report/grid/published.h"
#include "table/table.h"

namespace promptbed {

/// A number of one's own, and the paper's if the two are of the same.
struct PaperCell {
  std::optional<double> own;
  std::optional<double> published;
  bool refused = false;  ///< there is no own one since the method cannot serve the classes
};

/// What is compared.
struct PaperMeasure {
  std::string name;  ///< "Base"
  std::string unit;  ///< "%", or "" for a count
};

/// A series beside what the paper has for it.
struct PaperColumn {
  std::string label;
  std::vector<std::vector<PaperCell>> cells;  ///< by measure, by row

  /// Whether anything of it can be compared.
  bool is_compared() const;
};

/// A table beside that of a paper. Only runs whose backbone, shots, options and recipe are the paper's are
/// compared, and notes say why others are not.
struct PaperTable {
  std::string title;
  std::vector<PaperMeasure> measures;
  std::vector<std::string> rows;  ///< an average among them
  size_t average = 0;             ///< which of them
  std::vector<PaperColumn> columns;
  std::vector<std::string> notes;

  /// The table: for each series and measure one's own number, the paper's and the difference; one's own alone
  /// for a series that cannot be compared, unless the table is so wide that it will be turned. The records:
  /// one for each of them.
  Report report() const;
};

/// A grid beside the papers' figures for its protocol, with learned parameters if asked for. The paper's
/// averages are recomputed from its figures on the datasets of one's own average, with H of those means.
/// `architecture`: the model's, "" if unknown.
PaperTable paper_table(const Grid& grid, const std::vector<Published>& papers,
                       const std::string& architecture, bool with_parameters = false);

}  // namespace promptbed
