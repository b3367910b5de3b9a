#pragma once

#include <span>

/// Base and new classes told apart and classified in one test on the union of both (arXiv 2505.05180). All
/// numbers are percent, and no list may be empty.
namespace promptbed {

/// A test image of the union.
struct OpenWorldRow {
  double base_score = 0;  ///< higher for an image that rather belongs to a base class
  bool correct = false;   ///< whether it is classified right among the classes of its own half
};

/// The area under the ROC curve of base against new: the share of pairs of a base and a new row in which the
/// base row scores higher. Ties count one half.
double auroc(std::span<const OpenWorldRow> on_base, std::span<const OpenWorldRow> on_new);

/// OpenworldAUC: the share of pairs in which, besides, both rows are classified right. Ties between two right
/// rows count one half.
double openworld_auc(std::span<const OpenWorldRow> on_base, std::span<const OpenWorldRow> on_new);

}  // namespace promptbed
