#pragma once

#include <promptbed/export.h>
#include <promptbed/task.h>

#include <string>

namespace promptbed {

/// A trainable weight or bias of a linear layer with `inputs` inputs, initialised like PyTorch's
/// nn.Linear: U(-1/sqrt(inputs), 1/sqrt(inputs)), from the task's generator, on its device.
PROMPTBED_EXPORT Tensor initial_linear(const Task& task, at::IntArrayRef shape, int64_t inputs);

/// A trainable linear layer, x -> x W^T + b.
struct PROMPTBED_EXPORT LinearLayer {
  Tensor weight;  ///< [out, in]
  Tensor bias;    ///< [out]

  /// Both drawn as initial_linear() draws them.
  static LinearLayer drawn(const Task& task, int64_t inputs, int64_t outputs);

  /// [.., in] -> [.., out]
  Tensor operator()(const Tensor& x) const;

  /// Another layer that starts with the same numbers.
  LinearLayer copy() const;

  /// NAME.weight and NAME.bias
  NamedTensors named(const std::string& name) const;
};

}  // namespace promptbed
