#pragma once

#include <promptbed/options.h>
#include <promptbed/recipe.h>
#include <promptbed/tensor.h>

#include <cstdint>
#include <optional>
#include <string>

/// What the host cannot use of what a plugin returns. Each function tells in words what is wrong, to be read
/// after the name of the call ("returned no tensor"), or "" where nothing is.
namespace promptbed {

/// Options have to be the declared ones, each with a value of its type.
std::string wrong_with(const Options& options, const Options& declared);

/// A recipe needs an epoch, an image a step, a group and numbers that are finite.
std::string wrong_with(const Recipe& recipe);

/// Logits have to be finite floating-point numbers, [rows, classes]; `classes` is none where nobody knows
/// yet.
std::string wrong_with_logits(const Tensor& logits, int64_t rows, std::optional<int64_t> classes);

/// A loss has to be one number, without dimensions.
std::string wrong_with_loss(const Tensor& loss);

/// Trainable tensors have to be leaves that require gradients, each under a name of its own.
std::string wrong_with_trainable(const NamedTensors& tensors);

/// A state's tensors have to be there, each under a name of its own.
std::string wrong_with_state(const NamedTensors& tensors);

/// A tensor's shape as it is written: "[4, 3]".
std::string shape_of(const Tensor& tensor);

}  // namespace promptbed
