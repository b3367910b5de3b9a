#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <vector>

namespace promptbed {

/// A token and how far its embedding is from a learned vector.
struct NearToken {
  int64_t token = 0;
  double distance = 0;  ///< Euclidean
};

/// For each of N vectors [N, W] the `top` tokens whose embeddings, the rows of [V, W], are nearest to it, the
/// nearest first: how the reference's interpret_prompt.py reads a context (arXiv 2109.01134, section 4.3).
std::vector<std::vector<NearToken>> nearest_tokens(const Tensor& vectors, const Tensor& embedding,
                                                   int64_t top);

}  // namespace promptbed
