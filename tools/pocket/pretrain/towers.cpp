#include "towers.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <promptbed/text_encoder.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <future>
#include <numeric>

#include "clip/towers/text_transformer.h"
#include "clip/towers/vision_transformer.h"

namespace promptbed::pocket {
namespace {

// A slice goes through a tower at once. It is small, so that its activations stay in the processor's caches.
constexpr int64_t kPicturesAtOnce = 16;
constexpr int64_t kCaptionsAtOnce = 64;

/// The same memory, a leaf of another graph.
Checkpoint alias(const Checkpoint& weights) {
  Checkpoint aliases = weights;
  for (auto& [name, tensor] : aliases.tensors) tensor = tensor.detach().requires_grad_();
  return aliases;
}

/// The numbers of a batch's captions, the shortest first: slices of like lengths waste least.
std::vector<int64_t> by_length(const std::vector<std::vector<int64_t>>& captions) {
  std::vector<int64_t> order(captions.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](int64_t i) { return captions[static_cast<size_t>(i)].size(); });
  return order;
}

/// Captions as prompts: start of text is the prefix that they share.
PromptBatch as_prompts(const TextEncoder& tower, const std::vector<std::vector<int64_t>>& captions,
                       std::span<const int64_t> which) {
  PromptBatch prompts;
  std::vector<int64_t> suffix;
  for (const int64_t i : which) {
    const std::vector<int64_t>& tokens = captions[static_cast<size_t>(i)];
    suffix.insert(suffix.end(), tokens.begin() + 1, tokens.end());
    prompts.suffix_lengths.push_back(static_cast<int64_t>(tokens.size()) - 1);
  }
  prompts.prefix = tower.embed(std::span(captions.front()).first(1)).unsqueeze(0);
  prompts.suffix = tower.embed(suffix);
  return prompts;
}

/// Does `work` on every lane, each in a thread of its own, and passes on what one of them throws.
template <class Lanes, class Work>
void side_by_side(Lanes& lanes, const Work& work) {
  std::vector<std::future<void>> pending;
  for (auto& lane : lanes) {
    pending.push_back(std::async(std::launch::async, [&work, &lane] {
      at::set_num_threads(1);  // LibTorch's own threads would only compete with the lanes
      work(lane);
    }));
  }
  for (std::future<void>& lane : pending) lane.get();
}

}  // namespace

/// One thread's part of the work: every n-th slice of pictures and of captions.
class TrainableTowers::Lane {
 public:
  Lane(const Checkpoint& weights, const Placement& placement, int64_t number, int64_t lanes)
      : weights_(&weights), placement_(placement), number_(number), lanes_(lanes) {}

  /// Fills this lane's rows of `images` [B, D] and `texts` [C, D]; keeps what backward needs, or nothing.
  void run(const TowerInput& input, std::span<const int64_t> text_order, bool keeps, Tensor& images,
           Tensor& texts) {
    const at::AutoGradMode with_graph(keeps);
    aliases_ = alias(*weights_);
    image_parts_ = encode_images(input);
    text_parts_ = encode_texts(input, text_order);
    for (const Part& part : image_parts_) images.index_copy_(0, part.rows, part.features.detach());
    for (const Part& part : text_parts_) texts.index_copy_(0, part.rows, part.features.detach());
    if (keeps) return;
    image_parts_.clear();
    text_parts_.clear();
  }

  void backward(const Tensor& image_gradients, const Tensor& text_gradients) {
    std::vector<Tensor> features, gradients;
    const auto add = [&](std::vector<Part>& parts, const Tensor& all_gradients) {
      for (Part& part : parts) {
        features.push_back(std::move(part.features));
        gradients.push_back(all_gradients.index_select(0, part.rows));
      }
      parts.clear();
    };
    add(image_parts_, image_gradients);
    add(text_parts_, text_gradients);
    torch::autograd::backward(features, gradients);
  }

  /// What the last backward found; undefined for a weight that the features do not depend on.
  Tensor gradient(const std::string& name) const { return aliases_.at(name).grad(); }

 private:
  /// The features [n, D] of a slice, and which rows of the batch they are.
  struct Part {
    Tensor rows, features;
  };

  std::vector<Part> encode_images(const TowerInput& input) const {
    const VisionTransformer tower(aliases_, placement_);
    std::vector<Part> parts;
    const int64_t batch = input.pixels.size(0);
    for (int64_t begin = number_ * kPicturesAtOnce; begin < batch; begin += lanes_ * kPicturesAtOnce) {
      const int64_t count = std::min(kPicturesAtOnce, batch - begin);
      const Tensor patches = input.patches.defined() ? input.patches.narrow(0, begin, count) : Tensor();
      parts.push_back({at::arange(begin, begin + count, torch::kLong),
                       tower.encode_patches(input.pixels.narrow(0, begin, count), patches)});
    }
    return parts;
  }

  std::vector<Part> encode_texts(const TowerInput& input, std::span<const int64_t> order) const {
    const TextTransformer tower(aliases_, placement_);
    std::vector<Part> parts;
    const auto batch = static_cast<int64_t>(order.size());
    for (int64_t begin = number_ * kCaptionsAtOnce; begin < batch; begin += lanes_ * kCaptionsAtOnce) {
      const auto rows = order.subspan(static_cast<size_t>(begin),
                                      static_cast<size_t>(std::min(kCaptionsAtOnce, batch - begin)));
      parts.push_back({torch::tensor(at::ArrayRef<int64_t>(rows.data(), rows.size()), torch::kLong),
                       tower.encode(as_prompts(tower, input.captions, rows)).squeeze(0)});
    }
    return parts;
  }

  const Checkpoint* weights_;
  Placement placement_;
  int64_t number_, lanes_;
  Checkpoint aliases_;
  std::vector<Part> image_parts_, text_parts_;
};

TrainableTowers::TrainableTowers(const Checkpoint& weights, Precision precision, int64_t threads)
    : weights_(weights) {
  for (int64_t number = 0; number < threads; ++number)
    lanes_.emplace_back(weights, Placement{torch::kCPU, precision}, number, threads);
}

TrainableTowers::~TrainableTowers() = default;

std::pair<Tensor, Tensor> TrainableTowers::run(const TowerInput& input, bool keeps) {
  const int64_t width = weights_.at("visual.proj").size(1);
  Tensor images = at::empty({input.pixels.size(0), width}, torch::kFloat);
  Tensor texts = at::empty({static_cast<int64_t>(input.captions.size()), width}, torch::kFloat);
  const std::vector<int64_t> text_order = by_length(input.captions);
  side_by_side(lanes_, [&](Lane& lane) { lane.run(input, text_order, keeps, images, texts); });
  return {images, texts};
}

void TrainableTowers::backward(const Tensor& image_gradients, const Tensor& text_gradients) {
  side_by_side(lanes_, [&](Lane& lane) { lane.backward(image_gradients, text_gradients); });
  for (const auto& [name, weight] : weights_.tensors) {
    Tensor sum;
    for (const Lane& lane : lanes_) {
      const Tensor gradient = lane.gradient(name);
      if (gradient.defined()) sum = sum.defined() ? sum + gradient : gradient;
    }
    if (!sum.defined()) continue;
    Tensor& total = Tensor(weight).mutable_grad();
    total = total.defined() ? total + sum : sum;
  }
}

}  // namespace promptbed::pocket
