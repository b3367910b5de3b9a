#pragma once

#include <string>

#include "report/figures/figure.h"
#include "report/figures/figure_looks.h"
#include "report/grid/base_new_table.h"
#include "report/grid/versus.h"

namespace promptbed {

/// The averages of the methods as points, base accuracy across and new accuracy up, over lines of equal H.
/// Methods without one of the two are left out.
Figure base_new_figure(const BaseNewTable& table, Looks& looks);

/// What a column gains over its reference on each dataset, the greatest gain first, on base and on new
/// classes: figure 3 of arXiv 2203.05557. Throws Error for a label that is no column.
Figure gains_figure(const Versus& versus, const std::string& label);

/// The same for all columns, one after the other.
Figure gains_figure(const Versus& versus);

}  // namespace promptbed
