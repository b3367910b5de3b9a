#pragma once

#include <promptbed/task.h>

#include "clip/model.h"
#include "clip/towers/placement.h"

namespace promptbed {

/// A task that has all that comes from the model, its text tower ready to compute, and neither dataset nor
/// classes nor images.
Task model_task(const ClipModel& model, const Placement& placement);

}  // namespace promptbed
