#include "clip/towers/prompt_attention.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

// One binary for all processors: the loops are compiled for each vector width, and the loader picks the
// widest that the processor has.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define PROMPTBED_FOR_EACH_VECTOR_WIDTH \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define PROMPTBED_FOR_EACH_VECTOR_WIDTH
#endif

namespace promptbed {
namespace {

// Fewer multiplications than this are not worth a second thread.
constexpr int64_t kWorthAThread = 1 << 18;

/// One head's part of rows [R, d]: the first one, and floats from one row to the next.
template <class Float>
struct HeadRows {
  Float* data;
  int64_t stride;

  Float* operator[](int64_t row) const { return data + row * stride; }
};

/// The part of a [B, R, W] tensor that belongs to head h of image b.
template <class Float>
HeadRows<Float> head_rows(const Tensor& x, int64_t b, int64_t h, int64_t width) {
  return {x.data_ptr<float>() + b * x.stride(0) + h * width, x.stride(1)};
}

[[gnu::always_inline]] inline float dot(const float* a, const float* b, int64_t width) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < width; ++i) sum += a[i] * b[i];
  return sum;
}

/// y += factor x
[[gnu::always_inline]] inline void add_scaled(float* y, float factor, const float* x, int64_t width) {
#pragma omp simd
  for (int64_t i = 0; i < width; ++i) y[i] += factor * x[i];
}

[[gnu::always_inline]] inline void softmax(float* x, int64_t count) {
  const float most = *std::max_element(x, x + count);
  float sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += x[i] = std::exp(x[i] - most);
  for (int64_t i = 0; i < count; ++i) x[i] /= sum;
}

PROMPTBED_FOR_EACH_VECTOR_WIDTH
void attend(std::span<const AttentionQuery> queries, int64_t width, HeadRows<const float> query,
            HeadRows<const float> key, HeadRows<const float> value, HeadRows<float> mixed, float* weights) {
  for (size_t q = 0; q < queries.size(); ++q) {
    const auto [seen, count, first_weight] = queries[q];
    float* weight = weights + first_weight;
    for (int64_t n = 0; n < count; ++n) weight[n] = dot(query[q], key[seen[n]], width);
    softmax(weight, count);
    std::fill_n(mixed[q], width, 0.0f);
    for (int64_t n = 0; n < count; ++n) add_scaled(mixed[q], weight[n], value[seen[n]], width);
  }
}

/// Where the gradients of one head go.
struct HeadGradients {
  HeadRows<float> query, key, value;
};

PROMPTBED_FOR_EACH_VECTOR_WIDTH
void attend_backward(std::span<const AttentionQuery> queries, int64_t width, HeadRows<const float> gradient,
                     HeadRows<const float> query, HeadRows<const float> key, HeadRows<const float> value,
                     const float* weights, const HeadGradients& out, float* scratch) {
  for (size_t q = 0; q < queries.size(); ++q) {
    const auto [seen, count, first_weight] = queries[q];
    const float* weight = weights + first_weight;
    float mean = 0;  // of the weights' gradients, subtracted by softmax
    for (int64_t n = 0; n < count; ++n) {
      scratch[n] = dot(gradient[q], value[seen[n]], width);
      mean += weight[n] * scratch[n];
    }
    for (int64_t n = 0; n < count; ++n) {
      const float score = weight[n] * (scratch[n] - mean);
      add_scaled(out.value[seen[n]], weight[n], gradient[q], width);
      add_scaled(out.query[q], score, key[seen[n]], width);
      add_scaled(out.key[seen[n]], score, query[q], width);
    }
  }
}

}  // namespace

PromptAttention::PromptAttention(const PackedPrompts& group, const Tensor& asking, int64_t heads)
    : heads_(heads), longest_(0), weights_(0) {
  const std::span rows(asking.data_ptr<int64_t>(), static_cast<size_t>(asking.size(0)));
  queries_.reserve(rows.size());
  for (const int64_t row : rows) {
    const auto seen = group.seen_by(row);
    const auto count = static_cast<int64_t>(seen.size());
    queries_.push_back({seen.data(), count, weights_});
    weights_ += count;
    longest_ = std::max(longest_, count);
  }
}

/// action(image, head) for all of them, in several threads if that pays.
template <class Action>
void PromptAttention::for_each_head(int64_t batch, int64_t width, Action&& action) const {
  const int64_t grain = std::max<int64_t>(1, kWorthAThread / (weights_ * width));
  at::parallel_for(0, batch * heads_, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) action(i / heads_, i % heads_);
  });
}

Tensor PromptAttention::forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                Tensor& weights) const {
  const int64_t batch = query.size(0), width = query.size(2) / heads_;
  Tensor mixed = at::empty(query.sizes(), query.options());
  weights = at::empty({batch, heads_, weights_}, query.options());
  auto* weight = weights.data_ptr<float>();
  for_each_head(batch, width, [&](int64_t b, int64_t h) {
    const auto part = [&](const Tensor& x) { return head_rows<const float>(x, b, h, width); };
    attend(queries_, width, part(query), part(key), part(value), head_rows<float>(mixed, b, h, width),
           weight + (b * heads_ + h) * weights_);
  });
  return mixed;
}

void PromptAttention::backward(const Tensor& gradient, const Tensor& query, const Tensor& key,
                               const Tensor& value, const Tensor& weights, Tensor query_gradient,
                               Tensor key_gradient, Tensor value_gradient) const {
  const int64_t batch = query.size(0), width = query.size(2) / heads_;
  const auto* weight = weights.data_ptr<float>();
  for_each_head(batch, width, [&](int64_t b, int64_t h) {
    const auto part = [&](const Tensor& x) { return head_rows<const float>(x, b, h, width); };
    const auto out = [&](const Tensor& x) { return head_rows<float>(x, b, h, width); };
    std::vector<float> scratch(longest_);
    attend_backward(queries_, width, part(gradient), part(query), part(key), part(value),
                    weight + (b * heads_ + h) * weights_,
                    {out(query_gradient), out(key_gradient), out(value_gradient)}, scratch.data());
  });
}

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What a node of the graph keeps besides its tensors.
struct KeptAttention : torch::CustomClassHolder {
  PackedPrompts group;
  Tensor asking;
  int64_t heads = 0;
};

struct Attended : torch::autograd::Function<Attended> {
  static Tensor forward(AutogradContext* context, const Tensor& query, const Tensor& key, const Tensor& value,
                        const PackedPrompts& group, const Tensor& asking, int64_t heads) {
    auto kept = c10::make_intrusive<KeptAttention>();
    kept->group = group;
    kept->asking = asking;
    kept->heads = heads;
    Tensor weights;
    const Tensor mixed = PromptAttention(kept->group, asking, heads).forward(query, key, value, weights);
    context->save_for_backward({query, key, value, weights});
    context->saved_data["kept"] = c10::IValue::make_capsule(std::move(kept));
    return mixed;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto capsule = context->saved_data["kept"].toCapsule();
    const auto& kept = *static_cast<const KeptAttention*>(capsule.get());
    const variable_list saved = context->get_saved_variables();
    const auto zeros = [](const Tensor& like) { return at::zeros(like.sizes(), like.options()); };
    variable_list result = {zeros(saved[0]), zeros(saved[1]), zeros(saved[2])};
    PromptAttention(kept.group, kept.asking, kept.heads)
        .backward(gradients[0].contiguous(), saved[0], saved[1], saved[2], saved[3], result[0], result[1],
                  result[2]);
    result.resize(6);
    return result;
  }
};

}  // namespace

Tensor attend_prompts(const Tensor& query, const Tensor& key, const Tensor& value, const PackedPrompts& group,
                      const Tensor& asking, int64_t heads) {
  return Attended::apply(query, key, value, group, asking, heads);
}

}  // namespace promptbed
