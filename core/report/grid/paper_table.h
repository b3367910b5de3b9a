#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/grid/base_new_table.h"
#include "report/grid/published.h"
#include "report/grid/transfer_table.h"
#include "table/report.h"

namespace promptbed {

/// A figure of one's own, and the paper's where the two are of the same.
struct PaperCell {
  std::optional<double> own;
  std::optional<double> published;
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
/// compared, and the notes say why others are not.
struct PaperTable {
  std::string title;
  std::vector<PaperMeasure> measures;
  std::vector<std::string> rows;  ///< an average among them
  size_t average = 0;             ///< which of them
  std::vector<PaperColumn> columns;
  std::vector<std::string> notes;

  /// The table: for each series and measure one's own, the paper's and the difference; one's own alone for a
  /// series that cannot be compared. The records: one for each of them.
  Report report() const;
};

/// Base, new and H; the parameters, too, where they are asked for. The paper's averages are made of its
/// figures on the datasets of one's own average, H of those means. `architecture`: the model's, "" where it
/// is not known.
PaperTable paper_table(const BaseNewTable& table, const std::vector<Published>& papers,
                       const std::string& architecture, bool with_parameters);

/// Accuracy on the source and the targets, and the average of the targets made in the same way.
PaperTable paper_table(const TransferTable& table, const std::vector<Published>& papers,
                       const std::string& architecture);

}  // namespace promptbed
