#pragma once

#include "report/figures/figure.h"
#include "report/figures/figure_looks.h"
#include "report/grid/transfer_table.h"

namespace promptbed {

/// Accuracy on the source and on each target, a row a dataset and a point a method.
Figure transfer_figure(const TransferTable& table, Looks& looks);

}  // namespace promptbed
