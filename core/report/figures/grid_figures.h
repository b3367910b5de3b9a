#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/figures/figure.h"
#include "report/grid/courses.h"
#include "report/grid/grid.h"
#include "report/grid/versus.h"
#include "report/select/query.h"
#include "report/select/snapshot.h"

/// The figures that show what the tables say.
namespace promptbed {

/// Looks in which every method of the ledger has its own, in the order of its tables: the same whatever a
/// figure shows.
Looks looks_of(const Snapshot& snapshot);

/// Of a base-new grid, the plane and the gains: of all series over the one labelled `versus`, or, if none is
/// asked for, those of the series with the best H over the one that learns least (an untrained one, or else
/// the one with the fewest parameters). No gains if there is nothing to compare.
std::vector<Figure> base_new_figures(const Grid& grid, const std::optional<std::string>& versus,
                                     Looks& looks);

/// The averages of the series as points, base accuracy across and new accuracy up, over lines of equal H; the
/// axes are around the crowd, not around a few points far from it. If there are several datasets, a second
/// panel has all points and those of the datasets. Series without one of the two are left out.
Figure plane_figure(const Grid& grid, Looks& looks);

/// What columns gain over their reference on each dataset, with intervals, the greatest gain first, in each
/// measure, all on one scale: figure 3 of arXiv 2203.05557. Of the column with this label or, without one, of
/// all. Throws Error for a label that is not a column.
Figure gains_figure(const Versus& versus, const std::optional<std::string>& label = {});

/// The id of gains_figure().
inline constexpr std::string_view kGains = "gains";

/// Adds what is gained over the series with this label, if one is asked for and there is something to
/// compare.
void add_gains(const Grid& grid, const std::optional<std::string>& versus, std::vector<Figure>& figures);

/// Accuracy on all classes against shots, a panel for the average and for each dataset: figure 3 of arXiv
/// 2109.01134. Bands are one standard deviation over seeds either way; an untrained method is a dashed line.
/// Then the gains over `versus`.
std::vector<Figure> few_shot_figures(const Grid& grid, const std::optional<std::string>& versus,
                                     Looks& looks);

/// Accuracy on the source and on each target, one row per dataset and one point per series; then the gains
/// over `versus`.
std::vector<Figure> transfer_figures(const Grid& grid, const std::optional<std::string>& versus,
                                     Looks& looks);

/// Accuracy against confidence, on base and on new classes: for each series and each bin of confidences that
/// holds images, over all its datasets and seeds together, how often it is right against how sure it is. On
/// the dashed line both agree. No panels if nothing was measured. Throws as select_runs and chosen_shots do.
Figure reliability_figure(const Snapshot& snapshot, const ReportQuery& query, Looks& looks);

/// Accuracy on base (solid) and new classes (dashed) against epochs of training, a panel for each course:
/// when generalisation breaks. All panels have the same axes.
Figure course_figure(const Courses& courses, Looks& looks);

/// Training loss against epochs, a panel for each series that was trained by the host's loop and for the
/// classes and shots that it was trained with: a thin line for each dataset, the mean over seeds, and a thick
/// one for the mean over datasets. Throws as select_runs does.
Figure loss_figure(const Snapshot& snapshot, const ReportQuery& query, Looks& looks);

}  // namespace promptbed
