#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <vector>

#include "clip/towers/packed_prompts.h"

namespace promptbed {

/// A query of one head: the rows it sees, and where its weights for them begin.
struct AttentionQuery {
  const int32_t* seen;
  int64_t count;
  int64_t first_weight;
};

/// Attention among the rows of packed prompts, on the CPU in f32. Each query is compared only with the few
/// rows it sees, so a prompt costs what its own tokens cost, however many classes there are. (Products of
/// whole matrices with a mask compute every score between two classes in vain.)
///
/// Queries are of the `asking` [Q] rows, already divided by sqrt(d); keys and values are of all R rows:
/// query [B, Q, W], key and value [B, R, W]. Rows may be strided ([.., 3 W].narrow), the last
/// dimension may not.
class PromptAttention {
 public:
  /// `group` must outlive the object.
  PromptAttention(const PackedPrompts& group, const Tensor& asking, int64_t heads);

  /// softmax(query key^T) value of each head -> [B, Q, W]. `weights` becomes the softmax [B, H, n], one
  /// number for each row that a query sees: what backward() needs.
  Tensor forward(const Tensor& query, const Tensor& key, const Tensor& value, Tensor& weights) const;

  /// The gradients for a gradient [B, Q, W] of the result. Adds to `query_gradient`, `key_gradient` and
  /// `value_gradient`, shaped as query, key and value are.
  void backward(const Tensor& gradient, const Tensor& query, const Tensor& key, const Tensor& value,
                const Tensor& weights, Tensor query_gradient, Tensor key_gradient,
                Tensor value_gradient) const;

 private:
  template <class Action>
  void for_each_head(int64_t batch, int64_t width, Action&& action) const;

  int64_t heads_, longest_, weights_;  // longest_: rows that a query sees at most; weights_: n
  std::vector<AttentionQuery> queries_;
};

/// PromptAttention among the rows of a group, differentiable in queries, keys and values.
Tensor attend_prompts(const Tensor& query, const Tensor& key, const Tensor& value, const PackedPrompts& group,
                      const Tensor& asking, int64_t heads);

}  // namespace promptbed
