#pragma once

#include <string>
#include <vector>

#include "methods/method_registry.h"
#include "sweep/plan.h"

namespace promptbed {

/// What a user should know before the runs of a plan are made, a line each: finished runs of another build of
/// a plugin or of other images, runs that cannot be measured or tracked any more, epochs of few steps,
/// training that is all warm-up, options that no method follows, a slow BLAS, and a ledger on a drive that
/// machines share.
std::vector<std::string> warnings_of(const std::vector<PlannedRun>& runs, const SweepSpec& spec,
                                     const KnownRuns& known, const MethodRegistry& registry);

}  // namespace promptbed
