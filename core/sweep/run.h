#pragma once

#include <promptbed/task.h>

#include <functional>

#include "clip/model.h"
#include "sweep/job.h"
#include "sweep/workbench.h"

namespace promptbed {

/// The setting that a job's method is asked about.
Setting setting_of(const Job& job, const ClipModel& model);

/// Makes a job: trains the method on the draw, writes the prompt and reports it as `trained`, or takes the
/// prompt that an earlier attempt kept, and makes the tests. If the method cannot serve a test's classes, the
/// reason is kept in place of a score; what else goes wrong with a dataset other than the run's own costs
/// that test alone. Returns how it ended: done, failed, or interrupted on Ctrl-C. Each step is also told in
/// the run's log, logs/ID.log beside the ledger, and so is all that plugins print meanwhile.
JobOutcome make_job(const Job& job, Workbench& bench,
                    const std::function<void(const JobOutcome& trained)>& report);

}  // namespace promptbed
