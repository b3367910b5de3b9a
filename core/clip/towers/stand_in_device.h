#pragma once

#include <promptbed/tensor.h>

#include <functional>
#include <optional>

namespace promptbed {

/// A device that stands in for a GPU where there is none: it computes with the CPU's kernels, and refuses
/// operators whose tensors are not all on it, and the CPU's generators, much as CUDA does. What runs on it
/// leaves no tensor behind on the CPU. Ask for it before the process's first backward pass, in which autograd
/// counts devices. Nothing with LibTorch 2, whose autograd asks more of a device.
///
///     tensor.to(*stand_in_device()) + at::ones({3})   // throws
std::optional<torch::Device> stand_in_device();

/// How often the CPU has had to wait for that device so far: for a copy from it, or one to it that was not
/// told to go on (non_blocking), or for an operator whose answer is a number or has a size that depends on
/// values. On a GPU each of them lets its queue of work run empty.
int64_t waits_for_stand_in_device();

/// Does `work`, and returns what does it again: the operators that it called on that device, with the memory
/// and the numbers that they had. What a CUDA graph cannot hold is refused: copies between the CPU and the
/// device, and operators that the CPU has to wait for.
std::function<void()> recorded_on_stand_in_device(const std::function<void()>& work);

}  // namespace promptbed
