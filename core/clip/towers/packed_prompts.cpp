#include "clip/towers/packed_prompts.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "base/hash.h"

namespace promptbed {
namespace {

constexpr int64_t kSuffixRowsAtOnce = 256;
constexpr int64_t kPrefixesAtOnce =
    4;  // a group's suffixes are at least this many times as long as its prefix

/// Ids of the tokens of a packed suffix: equal embeddings have equal ids.
std::vector<uint64_t> token_ids(const Tensor& suffix, int64_t tokens) {
  std::vector<uint64_t> ids(tokens);
  // Learned vectors and those that depend on the image never repeat, and on a device comparing costs more
  // than it saves (and a layout is kept for all prompts of its lengths).
  if (suffix.dim() != 2 || suffix.requires_grad() || !suffix.is_cpu()) {
    std::iota(ids.begin(), ids.end(), uint64_t{0});
    return ids;
  }
  const Tensor rows = suffix.contiguous();
  const auto* bytes = static_cast<const std::byte*>(rows.data_ptr());
  const size_t row_bytes = rows.size(1) * rows.element_size();
  for (int64_t i = 0; i < tokens; ++i)
    ids[i] = Hasher().add(std::span(bytes + i * row_bytes, row_bytes)).low64();
  return ids;
}

Tensor to_tensor(const std::vector<int64_t>& values, torch::Device device) {
  return torch::tensor(at::ArrayRef<int64_t>(values), torch::kLong).to(device, /*non_blocking=*/true);
}

/// A group that grows by one class at a time.
class Tree {
 public:
  explicit Tree(int64_t prefix) : prefix_(prefix) {
    for (int32_t row = 0; row < prefix; ++row) grow(row - 1);
  }

  /// Adds a class: what the rows behind the prefix are taken from, where equal ids are equal tokens.
  void add(std::span<const int64_t> tokens, std::span<const uint64_t> ids) {
    auto row = static_cast<int32_t>(prefix_ - 1);
    for (size_t i = 0; i < ids.size(); ++i) {
      const auto [known, is_new] =
          children_.try_emplace({row, ids[i]}, static_cast<int32_t>(position_.size()));
      if (is_new) {
        grow(row);
        token_.push_back(tokens[i]);
      }
      row = known->second;
    }
    last_row_.push_back(row);
  }

  int64_t suffix_rows() const { return static_cast<int64_t>(token_.size()); }

  PackedPrompts packed(torch::Device device) && {
    const auto rows = static_cast<int64_t>(position_.size());
    return {prefix_,
            to_tensor(token_, device),
            to_tensor(position_, device),
            at::arange(rows, torch::TensorOptions(torch::kLong).device(device)),
            to_tensor(last_row_, device),
            std::move(last_row_),
            std::move(seen_),
            std::move(first_seen_)};
  }

 private:
  /// A new row after `parent`, or a first one if that is negative.
  void grow(int32_t parent) {
    const auto row = static_cast<int32_t>(position_.size());
    if (parent >= 0) {
      for (int32_t i = first_seen_[parent]; i < first_seen_[parent + 1]; ++i) seen_.push_back(seen_[i]);
    }
    seen_.push_back(row);
    position_.push_back(static_cast<int64_t>(seen_.size()) - first_seen_.back() - 1);
    first_seen_.push_back(static_cast<int32_t>(seen_.size()));
  }

  int64_t prefix_;
  std::vector<int64_t> token_, position_, last_row_;
  std::vector<int32_t> seen_, first_seen_ = {0};
  std::map<std::pair<int32_t, uint64_t>, int32_t> children_;  // (row, id of the next token) -> its row
};

}  // namespace

Tensor PackedPrompts::mask() const {
  if (kept_mask.defined()) return kept_mask;
  Tensor mask = at::full({rows(), rows()}, -std::numeric_limits<float>::infinity(), torch::kFloat);
  auto* row = mask.data_ptr<float>();
  for (int64_t r = 0; r < rows(); ++r, row += rows()) {
    for (const int32_t seen_row : seen_by(r)) row[seen_row] = 0;
  }
  return mask.to(position.device(), /*non_blocking=*/true);
}

std::vector<PackedPrompts> pack_prompts(const PromptBatch& prompts) {
  const int64_t prefix = prompts.prefix.size(1);
  const std::vector<int64_t>& lengths = prompts.suffix_lengths;
  const int64_t tokens = std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
  const std::vector<uint64_t> ids = token_ids(prompts.suffix, tokens);
  std::vector<int64_t> places(tokens);
  std::iota(places.begin(), places.end(), int64_t{0});
  const torch::Device device = prompts.suffix.device();

  const auto add_classes = [&](Tree& tree, size_t& k, int64_t& token, int64_t rows) {
    do {
      tree.add(std::span(places).subspan(token, lengths[k]), std::span(ids).subspan(token, lengths[k]));
      token += lengths[k++];
    } while (k < lengths.size() && tree.suffix_rows() < rows);
  };
  const int64_t most = std::max(kSuffixRowsAtOnce, kPrefixesAtOnce * prefix);
  std::vector<PackedPrompts> groups;
  int64_t goal = tokens;
  if (tokens > most) {
    // Groups of similar size, counting the rows that remain once classes share what they can.
    Tree all(prefix);
    size_t k = 0;
    int64_t token = 0;
    add_classes(all, k, token, std::numeric_limits<int64_t>::max());
    const int64_t count = (all.suffix_rows() + most - 1) / most;
    goal = (all.suffix_rows() + count - 1) / count;
  }
  size_t k = 0;
  for (int64_t token = 0; k < lengths.size();) {
    Tree tree(prefix);
    add_classes(tree, k, token, goal);
    groups.push_back(std::move(tree).packed(device));
  }
  return groups;
}

PackedPrompts entered(const PackedPrompts& before, const BlockTokens& deep) {
  const bool own = deep.tokens.dim() == 3;
  const int64_t count = deep.tokens.size(-2), kept = deep.inserted ? 0 : count;
  Tree tree(0);
  for (int64_t k = 0; k < before.classes(); ++k) {
    const auto prompt = before.seen_by(before.ends[k]);
    const auto tokens = static_cast<int64_t>(prompt.size());
    if (tokens < kept + 2) {
      throw Error(
          fmt::format("{} tokens cannot enter block {}: a prompt has {} between start and end; use fewer",
                      count, deep.block, tokens - 2));
    }
    std::vector<int64_t> rows = {prompt.front()};
    for (int64_t i = 0; i < count; ++i) rows.push_back(before.rows() + (own ? k * count : 0) + i);
    rows.insert(rows.end(), prompt.begin() + 1 + kept, prompt.end());
    tree.add(rows, std::vector<uint64_t>(rows.begin(), rows.end()));
  }
  return std::move(tree).packed(before.position.device());
}

}  // namespace promptbed
