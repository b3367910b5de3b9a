#pragma once

#include <promptbed/task.h>

#include "sweep/inputs.h"

namespace promptbed {

/// A task that has all that comes from the model, and neither dataset nor classes nor images.
Task model_task(Inputs& inputs, torch::Device device);

}  // namespace promptbed
