#pragma once

#include "report/grid/base_new_table.h"
#include "table/report.h"

namespace promptbed {

/// What is learned beside what comes of it, in the form of table 5 of arXiv 2203.05557: learned parameters,
/// all of them and as that paper counts without biases, and base and new accuracy and H, a section of the
/// averages and one a dataset, a row a series. Parameters that differ between the datasets have no average.
Report ablation_report(const BaseNewTable& table);

}  // namespace promptbed
