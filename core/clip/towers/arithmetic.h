#pragma once

#include "clip/towers/placement.h"

namespace promptbed {

/// Decides for this process whether f32 products on a GPU may be rounded to TF32 (ten bits behind the point),
/// which LibTorch does in convolutions if left to itself: only with Precision::tf32. Products of f16,
/// and with LibTorch 2 of bf16, are summed in f32. On a GPU it also asks for the same bits whenever work is
/// repeated, as far as LibTorch has deterministic kernels. To be called before a GPU is first used.
void settle_arithmetic(const Placement& placement);

}  // namespace promptbed
