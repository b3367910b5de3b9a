#pragma once

#include <cstdint>

namespace promptbed {

/// How LibTorch computes in this process from now on: on so many threads, and in full f32 where f32 is meant.
/// On a GPU it would otherwise round the factors of convolutions to TF32, three decimal digits.
void set_arithmetic(int64_t threads);

}  // namespace promptbed
