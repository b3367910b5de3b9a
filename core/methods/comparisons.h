#pragma once

#include <promptbed/recipe.h>
#include <promptbed/tensor.h>

#include <string>

/// What it means that a method gives the same twice.
namespace promptbed {

/// Whether two logits agree up to the rounding of another order of summation.
bool close(const Tensor& a, const Tensor& b);

/// The tensors as they are now, on the CPU.
NamedTensors copied(const NamedTensors& tensors);

/// The first tensor of `before` that differs or is missing in `after`; "" if all are the same bits.
std::string first_difference(const NamedTensors& before, const NamedTensors& after);

/// Whether two recipes train alike.
bool equal(const Recipe& a, const Recipe& b);

}  // namespace promptbed
