#pragma once

#include <promptbed/tensor.h>
#include <promptbed/tower.h>

#include <string>

#include "clip/checkpoints/checkpoint.h"
#include "clip/towers/layers.h"
#include "clip/towers/packed_prompts.h"
#include "clip/towers/placement.h"

namespace promptbed {

/// The halves of a text block with frozen weights, each with a backward pass of its own, which keeps what it
/// needs in a tape, and a form that the method's changes enter, differentiable by LibTorch. Rows are those of
/// packed prompts, [B, R, W].

/// x -> x + contract(activation(expand(norm(x)))).
///
/// Quick GELU is a scaled SiLU: x sigmoid(1.702 x) = silu(1.702 x) / 1.702. The two factors are folded into
/// the frozen weights, so the activation is one operator forward and one backward.
class FrozenMlp {
 public:
  FrozenMlp(const Checkpoint& checkpoint, const std::string& block, const Placement& placement);

  /// What the backward pass needs: the input, its rows' statistics and the hidden layer.
  struct Tape {
    Tensor x, mean, rstd, hidden;
  };

  Tensor forward(const Tensor& x, Tape* tape) const;
  Tensor backward(const Tensor& g, const Tape& tape) const;

  /// With another norm.
  Tensor changed(const Tensor& x, const BlockChange& change) const;

 private:
  bool quick_;
  LayerNorm norm_;
  Linear expand_, contract_;
};

/// Attention of all rows: x -> x + output(attention(query_key_value(norm(x)))).
class FrozenAttention {
 public:
  FrozenAttention(const Checkpoint& checkpoint, const std::string& block, const Placement& placement);

  struct Tape {
    Tensor x, mean, rstd, query_key_value, weights;
  };

  Tensor forward(const Tensor& x, const PackedPrompts& group, Tape* tape) const;

  /// The gradient of only the first `rows` rows of x, [B, rows, W]: the others are constants.
  Tensor backward(const Tensor& g, const PackedPrompts& group, const Tape& tape, int64_t rows) const;

  Tensor changed(const Tensor& x, const PackedPrompts& group, const BlockChange& change) const;

  /// What a branch beside the block starts from.
  Tensor normed(const Tensor& x, const BlockChange& change) const;

 private:
  int64_t heads_;
  LayerNorm norm_;
  Linear query_key_value_, output_;
};

/// The last block's attention: keys and values of all rows, queries of the EOS rows only.
class FrozenLastAttention {
 public:
  FrozenLastAttention(const Checkpoint& checkpoint, const std::string& block, const Placement& placement);

  struct Tape {
    Tensor x, mean, rstd, query, key_value, weights;
  };

  /// [B, R, W] -> [B, K, W]
  Tensor forward(const Tensor& x, const PackedPrompts& group, Tape* tape) const;

  /// [B, K, W] -> [B, R, W]
  Tensor backward(const Tensor& g, const PackedPrompts& group, const Tape& tape) const;

  Tensor changed(const Tensor& x, const PackedPrompts& group, const BlockChange& change) const;

  /// The EOS rows that a branch beside the block starts from.
  Tensor normed(const Tensor& x, const PackedPrompts& group, const BlockChange& change) const;

 private:
  int64_t heads_;
  LayerNorm norm_;
  Linear query_, key_value_, output_;
};

}  // namespace promptbed
