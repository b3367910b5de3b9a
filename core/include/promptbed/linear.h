#pragma once

#include <promptbed/export.h>
#include <promptbed/task.h>

namespace promptbed {

/// A trainable weight or bias of a linear layer with `inputs` inputs, initialised like PyTorch's
/// nn.Linear: U(-1/sqrt(inputs), 1/sqrt(inputs)), from the task's generator, on its device.
PROMPTBED_EXPORT Tensor initial_linear(const Task& task, at::IntArrayRef shape, int64_t inputs);

}  // namespace promptbed
