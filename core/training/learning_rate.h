#pragma once

#include <cstdint>
#include <vector>

namespace promptbed {

/// Learning rate of each epoch (or of each step, where the rate moves from step to step): `warmup_epochs` at
/// `warmup`, then from `base` along a cosine of `epochs` epochs. The recursion is that of PyTorch's
/// CosineAnnealingLR and gives its doubles bit by bit; the closed form does not:
///   lr[w] = base;  lr[e] = (1 + cos(pi (e-w) / T)) / (1 + cos(pi (e-w-1) / T)) lr[e-1]
std::vector<double> learning_rates(int64_t epochs, double base, int64_t warmup_epochs, double warmup);

}  // namespace promptbed
