#pragma once

#include "report/figures/figure.h"
#include "report/figures/figure_looks.h"
#include "report/grid/few_shot_table.h"

namespace promptbed {

/// Accuracy on all classes against shots, a panel for the average and for each dataset: figure 3 of arXiv
/// 2109.01134. Bands are one standard deviation over seeds either way; a method without training is a dashed
/// line.
Figure few_shot_figure(const FewShotTable& table, Looks& looks);

}  // namespace promptbed
