#pragma once

#include <torch/types.h>

namespace promptbed::bench {

/// Puts benchmarks on a device in the place of all others: steps, tests and image features, and the
/// reference's work beside them, in f32 and, as its code does by default, in f16 where the device has that.
/// All of it runs with the arithmetic of settle_arithmetic(), the reference's, too. Sizes are those of
/// ViT-B/16 with 50 classes on a GPU; on the CPU, and on what stands in for a GPU, small ones, which show
/// that all of it runs. Image features are the tower's work on 64 views that are there already. Throws
/// Error for a GPU that is not there. scripts/gpu_check.py has the goals.
void register_device_benchmarks(torch::Device device);

}  // namespace promptbed::bench
