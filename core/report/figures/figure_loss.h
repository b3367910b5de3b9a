#pragma once

#include <map>
#include <string>
#include <vector>

#include "report/figures/figure.h"
#include "report/figures/figure_looks.h"
#include "report/select/report_query.h"
#include "report/select/run_selection.h"

namespace promptbed {

/// The epochs of runs, by the runs' ids.
using EpochsByRun = std::map<std::string, std::vector<EpochRecord>>;

/// Those of the selected runs that went through epochs.
EpochsByRun epochs_of(const Ledger& ledger, const RunSelection& selection);

/// Training loss against epochs, a panel for each method that was trained by the host's loop: a thin line for
/// each dataset, the mean over seeds, and a thick one for the mean over datasets.
Figure loss_figure(const RunSelection& selection, const ReportQuery& query, const EpochsByRun& epochs,
                   Looks& looks);

}  // namespace promptbed
