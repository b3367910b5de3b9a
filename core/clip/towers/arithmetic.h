#pragma once

namespace promptbed {

/// From now on this process computes in full f32 where f32 is meant. On a GPU LibTorch would otherwise round
/// the factors of convolutions to TF32, three decimal digits.
void compute_in_full();

}  // namespace promptbed
