#pragma once

#include <promptbed/export.h>
#include <promptbed/task.h>

namespace promptbed {

/// A trainable weight or bias of a linear layer with `inputs` inputs, as PyTorch's nn.Linear starts it: from
/// U(-1/sqrt(inputs), 1/sqrt(inputs)), with the task's generator, on its device.
PROMPTBED_EXPORT Tensor initial_linear(const Task& task, at::IntArrayRef shape, int64_t inputs);

}  // namespace promptbed
