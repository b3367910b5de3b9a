#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <random>
#include <span>

#include "clip/preprocessing.h"

namespace promptbed::pocket {

/// A rendering of a drawing for pre-training: moved, turned and zoomed at random; now and then only a part of
/// it is seen, as in the views that prompts are learned from. A drawing without colours is black on white
/// most of the time and otherwise of random colours; one with colours may stand on a random light ground.
///   planes [1 or 4, S, S] of bytes -> [3, side, side] in [0, 1]
Tensor draw_rendering(const Tensor& planes, int64_t side, std::mt19937_64& random);

/// The drawing as it is, black on white or in its own colours on white.
Tensor plain_rendering(const Tensor& planes, int64_t side);

/// Renderings as the image tower takes them: B of [3, side, side] -> [B, 3, side, side], normalised
Tensor as_pixels(std::span<const Tensor> renderings, const Preprocessing& preprocessing);

}  // namespace promptbed::pocket
