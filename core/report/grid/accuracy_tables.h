#pragma once

#include "report/grid/grid.h"
#include "table/table.h"

/// The tables of accuracies, or of another metric in their place, each a projection of a grid: for readers as
/// papers print them, with two decimals and the best marked, and one record for each accuracy or group of
/// accuracies that belong together.
namespace promptbed {

/// Table 1 of arXiv 2203.05557, of a base-new grid: one row per dataset below the average, three columns per
/// series. Records have both conventions of averaging H: `h`, that of the means beside it, and `mean_h`, the
/// mean over what was averaged: in a dataset's row its runs, in the average's row the datasets.
Report base_new_report(const Grid& grid);

/// Of an open-world grid: one row per dataset below the average, and for each series the accuracy on the
/// union of base and new classes, AUROC and OpenworldAUC.
Report open_world_report(const Grid& grid);

/// What the grid of calibration_report() is of: accuracy, mean confidence and calibration errors, on base and
/// on new.
std::vector<Measure> calibration_measures();

/// Of a base-new grid of calibration_measures(): a section of averages and one per dataset, one row per
/// series.
Report calibration_report(const Grid& grid);

/// The numbers behind figure 3 of arXiv 2109.01134, of a few-shot grid: a section of averages and one per
/// dataset, one row per series, one column per number of shots.
Report few_shot_report(const Grid& grid);

/// Tables 2 (cross-dataset) and 3 (domain) of arXiv 2203.05557: a row for the source, one for each target and
/// the average of the targets, one column per series.
Report transfer_report(const Grid& grid);

/// Table 5 of arXiv 2203.05557, of a base-new grid: learned parameters, all of them and as that paper counts
/// without biases, with base and new accuracy and H; a section of averages and one per dataset, one row per
/// series. Parameters that differ between datasets have no average.
Report ablation_report(const Grid& grid);

}  // namespace promptbed
