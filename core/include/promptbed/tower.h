#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

/// What a method may put into a frozen tower, for text and images alike. Positions are counted from 0, the
/// start of a prompt (SOS) or an image's class token (CLS); blocks from 0, too.
namespace promptbed {

/// Tokens that enter every sequence where a block of the tower begins, as they are: without positions.
struct BlockTokens {
  int64_t block = 1;      ///< from 1 on: what enters at block 0 are the prompts or ImagePrompts::tokens
  Tensor tokens;          ///< [n, W], the same for all, or [K, n, W] in text, a set for each class
  bool inserted = false;  ///< whether they come behind the first token and move all others; else they replace
                          ///< tokens 1 to n
};

/// A learned change of a frozen weight [out, in]: x -> x W^T becomes x (W + scale up down)^T (LoRA,
/// arXiv 2106.09685). Both tensors are given, or neither.
struct LowRank {
  Tensor down;         ///< [r, in]; undefined if there is no change
  Tensor up;           ///< [out, r]
  double scale = 1;    ///< of the product
  double dropout = 0;  ///< share of the numbers in x, below 1, that this change, and it alone, does not see
  uint64_t seed = 0;   ///< of the dropout; the same seed drops the same numbers
};

/// The scale and shift of a layer norm, [W] each, in the place of the frozen ones; both undefined for those.
struct NormWeights {
  Tensor weight;  ///< scale
  Tensor bias;    ///< shift
};

/// Something beside a block, such as an adapter: what it gives is added to what the block gives.
struct Branch {
  /// Rows [.., W] -> [.., W], each by itself, of what enters the block, behind its attention norm. It has to
  /// learn from these weights alone: a tower may call it again, with copies, for the backward pass.
  std::function<Tensor(const Tensor& x, const std::vector<Tensor>& weights)> output = {};
  std::vector<Tensor> weights = {};  ///< of any shape
};

/// What changes inside a block. Weights are [W, W], with all heads one after the other.
struct BlockChange {
  int64_t block = 0;                ///< at most one change for each
  LowRank query = {};               ///< of the attention's queries
  LowRank key = {};                 ///< of its keys
  LowRank value = {};               ///< of its values
  LowRank output = {};              ///< of what its heads give
  NormWeights attention_norm = {};  ///< in front of the attention
  NormWeights mlp_norm = {};        ///< in front of the MLP
  Branch branch = {};               ///< beside the whole block; none without an output
};

/// In any order.
using TowerChanges = std::vector<BlockChange>;

}  // namespace promptbed
