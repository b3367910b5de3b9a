#include "clip/towers/text_transformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include <algorithm>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "base/signals.h"
#include "clip/towers/tower_changes.h"

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

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Work = std::function<Tensor(const variable_list&)>;

/// A function, in a form that a node of the graph can hold.
struct KeptWork : torch::CustomClassHolder {
  explicit KeptWork(Work w) : work(std::move(w)) {}
  Work work;
};

struct Recomputed : torch::autograd::Function<Recomputed> {
  static Tensor forward(AutogradContext* context, const Work& f, at::TensorList arguments) {
    context->saved_data["f"] = c10::IValue::make_capsule(c10::make_intrusive<KeptWork>(f));
    context->save_for_backward(arguments.vec());
    return f(arguments.vec());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto kept = context->saved_data["f"].toCapsule();
    variable_list arguments = context->get_saved_variables();
    for (Tensor& x : arguments) x = x.detach().requires_grad_(x.requires_grad());
    {
      const at::AutoGradMode with_gradients(true);
      torch::autograd::backward({static_cast<KeptWork*>(kept.get())->work(arguments)}, gradients);
    }
    variable_list results = {Tensor()};
    for (const Tensor& x : arguments) results.push_back(x.grad());
    return results;
  }
};

/// f(arguments), differentiable in all of them, keeping only these for the backward pass, which computes f
/// again: half as much work again (weights are frozen) for a fraction of the memory, with the same gradients
/// (Chen et al., arXiv 1604.06174). Whatever f refers to must outlive the backward pass.
Tensor recomputed(const Work& f, const variable_list& arguments) {
  return Recomputed::apply(f, at::TensorList(arguments));
}

/// Whether gradients flow into the prompts: the same ones come again.
bool are_learned(const PromptBatch& prompts) {
  if (!at::GradMode::is_enabled()) return false;
  variable_list parts = tensors_in(prompts.changes);
  parts.insert(parts.end(), {prompts.prefix, prompts.suffix});
  for (const BlockTokens& deep : prompts.deep) parts.push_back(deep.tokens);
  return std::ranges::any_of(parts,
                             [](const Tensor& part) { return part.defined() && part.requires_grad(); });
}

/// Throws Error for deep tokens that cannot enter the tower.
void check_deep_tokens(const PromptBatch& prompts, int64_t width, int64_t blocks) {
  const auto classes = static_cast<int64_t>(prompts.suffix_lengths.size());
  int64_t block = 0;
  for (const BlockTokens& deep : prompts.deep) {
    if (deep.block <= block || deep.block >= blocks) {
      throw Error(fmt::format("deep tokens of block {}: give blocks from 1 to {}, in ascending order",
                              deep.block, blocks - 1));
    }
    block = deep.block;
    const auto sizes = deep.tokens.sizes();
    const bool fits = deep.tokens.dim() == 2 || (deep.tokens.dim() == 3 && sizes[0] == classes);
    if (!fits || sizes.back() != width || deep.tokens.size(-2) < 1) {
      throw Error(fmt::format("deep tokens of block {} are [{}]; give [n, {}], or [{}, n, {}]", deep.block,
                              fmt::join(sizes, ", "), width, classes, width));
    }
  }
}

/// The group's part of deep tokens, [n, W]: all, or the sets of its classes one after the other.
Tensor tokens_of(const BlockTokens& deep, int64_t first_class, int64_t classes) {
  return deep.tokens.dim() == 2 ? deep.tokens : deep.tokens.narrow(0, first_class, classes).flatten(0, 1);
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
  return token_embedding_.index_select(0, ids.to(device_, /*non_blocking=*/true)).to(torch::kFloat);
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
  check_deep_tokens(prompts, width(), blocks());
  check_changes(prompts.changes, width(), blocks(), "text");
  const std::shared_ptr<const Layout> layout = layout_of(prompts);
  int64_t rows = 0;
  for (const Stages& stages : *layout) rows += batch_of(prompts) * most_rows(stages);
  const bool keeps = !at::GradMode::is_enabled() || rows <= kRowsKept;
  std::vector<Tensor> features;
  int64_t first_class = 0;
  for (const Stages& stages : *layout) {
    features.push_back(encode_group(prompts, stages, first_class, keeps));
    first_class += stages.front().layout.classes();
  }
  return features.size() == 1 ? features.front() : at::cat(features, 1);
}

/// [B, K, D] of the group's classes, images in slices; their activations are kept for the backward pass, or
/// computed again.
Tensor TextTransformer::encode_group(const PromptBatch& prompts, const Stages& stages, int64_t first_class,
                                     bool keeps) const {
  const PackedPrompts& group = stages.front().layout;
  const int64_t batch = batch_of(prompts), slice = std::max<int64_t>(1, kRowsAtOnce / most_rows(stages));
  const Tensor suffix = prompts.suffix.index_select(-2, group.token);
  const auto images = [&](const Tensor& x, int64_t begin) {
    return x.dim() == 3 && x.size(0) > 1 ? x.narrow(0, begin, std::min(slice, batch - begin)) : x;
  };
  const variable_list changed = tensors_in(prompts.changes);
  const auto encode = [this, stages,
                       changes = of_group(prompts.changes, first_class)](const variable_list& arguments) {
    const std::span theirs = std::span(arguments).last(tensors_in(changes).size());
    return run(stages, arguments, with_tensors(changes, theirs));
  };
  std::vector<Tensor> features;
  for (int64_t begin = 0; begin < batch; begin += slice) {
    if (begin > 0) check_interrupt();
    variable_list arguments = {images(prompts.prefix, begin), images(suffix, begin)};
    for (const BlockTokens& deep : prompts.deep)
      arguments.push_back(tokens_of(deep, first_class, group.classes()));
    arguments.insert(arguments.end(), changed.begin(), changed.end());
    features.push_back(keeps ? encode(arguments) : recomputed(encode, arguments));
  }
  return features.size() == 1 ? features.front() : at::cat(features);
}

/// Rows of the stage that has most.
int64_t TextTransformer::most_rows(const Stages& stages) {
  int64_t most = 0;
  for (const Stage& stage : stages) most = std::max(most, stage.layout.rows());
  return most;
}

TextTransformer::Stages TextTransformer::stages_of(const PromptBatch& prompts,
                                                   const PackedPrompts& group) const {
  Stages stages = {{0, blocks(), group}};
  for (const BlockTokens& deep : prompts.deep) {
    stages.back().end = deep.block;
    stages.push_back({deep.block, blocks(), entered(stages.back().layout, deep)});
  }
  return stages;
}

TextTransformer::Layout TextTransformer::make_layout(const PromptBatch& prompts) const {
  Layout layout;
  for (const PackedPrompts& group : pack_prompts(prompts)) layout.push_back(stages_of(prompts, group));
  return layout;
}

TextTransformer::Lengths TextTransformer::lengths_of(const PromptBatch& prompts) {
  Lengths lengths{prompts.prefix.size(1), prompts.suffix_lengths, {}};
  for (const BlockTokens& deep : prompts.deep)
    lengths.entries.push_back({deep.block, deep.tokens.size(-2), deep.tokens.dim() == 3, deep.inserted});
  return lengths;
}

std::shared_ptr<const TextTransformer::Layout> TextTransformer::layout_of(const PromptBatch& prompts) const {
  if (device_.is_cpu()) return std::make_shared<Layout>(make_layout(prompts));
  Lengths lengths = lengths_of(prompts);
  const std::lock_guard lock(layouts_mutex_);
  if (const auto kept = layouts_.find(lengths); kept != layouts_.end()) return kept->second;
  const bool is_learned = are_learned(prompts);
  if (!is_learned && last_layout_ != nullptr && last_lengths_ == lengths) return last_layout_;
  auto layout = std::make_shared<Layout>(make_layout(prompts));
  for (Stages& stages : *layout) {
    for (Stage& stage : stages) stage.layout.kept_mask = stage.layout.mask();
  }
  if (is_learned) {
    layouts_.emplace(std::move(lengths), layout);
  } else {
    last_lengths_ = std::move(lengths);
    last_layout_ = layout;
  }
  return layout;
}

/// Prefix, suffix rows and the tokens that enter at each further stage -> [B, K, D].
Tensor TextTransformer::run(const Stages& stages, const std::vector<Tensor>& arguments,
                            const TowerChanges& changes) const {
  Tensor x = blocks_->start(arguments[0], arguments[1], stages.front().layout, stages.front().end, changes);
  for (size_t i = 1; i < stages.size(); ++i) {
    const auto& [begin, end, layout] = stages[i];
    const Tensor tokens = arguments[i + 1].expand({x.size(0), -1, -1});
    x = at::cat({x, tokens}, 1).index_select(1, layout.token);
    x = blocks_->go_on(x, layout, begin, end, changes);
  }
  return x;
}

}  // namespace promptbed
