#pragma once

#include "clip/towers/placement.h"

namespace promptbed {

/// From now on this process computes as the placement says, and the same bits whenever work is repeated, as
/// far as LibTorch can. Left to itself, it rounds the factors of convolutions on a GPU to TF32, three decimal
/// digits, and adds up gradients there in whatever order they come. To be called before a GPU is first used.
void settle_arithmetic(const Placement& placement);

}  // namespace promptbed
