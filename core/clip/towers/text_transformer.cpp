#include "clip/towers/text_transformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "base/signals.h"

namespace promptbed {
namespace {

// Images are encoded in slices of about this many rows: enough to fill the cores, few enough for the caches.
constexpr int64_t kRowsAtOnce = 1024;

// Activations of up to this many rows are kept for the backward pass; beyond that they are recomputed there.
// A row of ViT-B/16's text tower keeps about 220 KB.
constexpr int64_t kRowsKept = 2048;

/// B, from the part that depends on the image, if one does.
int64_t batch_of(const PromptBatch& prompts) {
  return std::max(prompts.prefix.size(0), prompts.suffix.dim() == 3 ? prompts.suffix.size(0) : 1);
}

/// Whether a weight of the text tower requires gradients.
bool learns(const Checkpoint& checkpoint) {
  return checkpoint.at("text_projection").requires_grad();
}

std::unique_ptr<TextBlocks> make_text_blocks(const Checkpoint& checkpoint, const Placement& placement) {
  return placement.device.is_cpu() && !learns(checkpoint)
             ? make_frozen_text_blocks(checkpoint, placement)
             : make_differentiable_text_blocks(checkpoint, placement);
}

using Work = std::function<Tensor(const Tensor&, const Tensor&)>;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// A function, in a form that a node of the graph can hold.
struct Kept : torch::CustomClassHolder {
  explicit Kept(Work w) : work(std::move(w)) {}
  Work work;
};

struct Recomputed : torch::autograd::Function<Recomputed> {
  static Tensor forward(AutogradContext* context, const Work& f, const Tensor& a, const Tensor& b) {
    context->saved_data["f"] = c10::IValue::make_capsule(c10::make_intrusive<Kept>(f));
    context->save_for_backward({a, b});
    return f(a, b);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto kept = context->saved_data["f"].toCapsule();
    const variable_list saved = context->get_saved_variables();
    const auto leaf = [](const Tensor& x) { return x.detach().requires_grad_(x.requires_grad()); };
    const Tensor a = leaf(saved[0]), b = leaf(saved[1]);
    {
      const at::AutoGradMode with_gradients(true);
      torch::autograd::backward({static_cast<Kept*>(kept.get())->work(a, b)}, gradients);
    }
    return {Tensor(), a.grad(), b.grad()};
  }
};

/// f(a, b), differentiable in both, keeping only its arguments for the backward pass, which computes f again:
/// half as much work again (weights are frozen) for a fraction of the memory, with the same gradients (Chen
/// et al., arXiv 1604.06174). Whatever f refers to must outlive the backward pass.
Tensor recomputed(Work f, const Tensor& a, const Tensor& b) {
  return Recomputed::apply(f, a, b);
}

}  // namespace

TextTransformer::TextTransformer(const Checkpoint& checkpoint, const Placement& placement)
    : token_embedding_(checkpoint.at("token_embedding.weight").to(placement.device)),
      device_(placement.device),
      context_length_(checkpoint.at("positional_embedding").size(0)),
      embedding_width_(checkpoint.at("text_projection").size(1)),
      blocks_(make_text_blocks(checkpoint, placement)) {
  checkpoint.let_go();
}

Tensor TextTransformer::embed(std::span<const int64_t> tokens) const {
  const auto ids = torch::tensor(at::ArrayRef<int64_t>(tokens.data(), tokens.size()), torch::kLong);
  return token_embedding_.index_select(0, ids.to(device_)).to(torch::kFloat);
}

Tensor TextTransformer::encode(const PromptBatch& prompts) const {
  if (prompts.suffix_lengths.empty())
    throw Error("there is no class to encode a prompt for; give class names");
  const int64_t prefix = prompts.prefix.size(1), longest = *std::ranges::max_element(prompts.suffix_lengths);
  if (prefix + longest > context_length()) {
    throw Error(fmt::format(
        "a prompt has {} tokens and the model takes {}; use fewer context tokens or shorter names",
        prefix + longest, context_length()));
  }
  const auto groups = pack_prompts(prompts);
  int64_t rows = 0;
  for (const PackedPrompts& group : groups) rows += batch_of(prompts) * group.rows();
  const bool keeps = !at::GradMode::is_enabled() || rows <= kRowsKept;
  std::vector<Tensor> features;
  for (const PackedPrompts& group : groups) features.push_back(encode_group(prompts, group, keeps));
  return features.size() == 1 ? features.front() : at::cat(features, 1);
}

/// [B, K, D] of the group's classes, images in slices; their activations are kept for the backward pass, or
/// computed again.
Tensor TextTransformer::encode_group(const PromptBatch& prompts, const PackedPrompts& group,
                                     bool keeps) const {
  const int64_t batch = batch_of(prompts), slice = std::max<int64_t>(1, kRowsAtOnce / group.rows());
  const Tensor suffix = prompts.suffix.index_select(-2, group.token);
  const auto images = [&](const Tensor& x, int64_t begin) {
    return x.dim() == 3 && x.size(0) > 1 ? x.narrow(0, begin, std::min(slice, batch - begin)) : x;
  };
  const auto encode = [this, group](const Tensor& prefix, const Tensor& own) {
    return blocks_->encode(prefix, own, group);
  };
  std::vector<Tensor> features;
  for (int64_t begin = 0; begin < batch; begin += slice) {
    if (begin > 0) check_interrupt();
    const Tensor prefix = images(prompts.prefix, begin), own = images(suffix, begin);
    features.push_back(keeps ? encode(prefix, own) : recomputed(encode, prefix, own));
  }
  return features.size() == 1 ? features.front() : at::cat(features);
}

}  // namespace promptbed
