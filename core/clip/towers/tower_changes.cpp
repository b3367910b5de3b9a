#include "clip/towers/tower_changes.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "base/hash.h"

namespace promptbed {
namespace {

/// What a low-rank change is made for.
constexpr std::pair<const char*, LowRank BlockChange::*> kLowRanks[] = {{"query", &BlockChange::query},
                                                                        {"key", &BlockChange::key},
                                                                        {"value", &BlockChange::value},
                                                                        {"output", &BlockChange::output}};
constexpr std::pair<const char*, NormWeights BlockChange::*> kNorms[] = {
    {"attention norm", &BlockChange::attention_norm}, {"MLP norm", &BlockChange::mlp_norm}};

/// Calls `action` with every tensor in the change of a block, undefined ones included.
template <class Change, class Action>
void for_each_tensor(Change& change, Action&& action) {
  for (const auto& [name, part] : kLowRanks) {
    action((change.*part).down);
    action((change.*part).up);
  }
  for (const auto& [name, part] : kNorms) {
    action((change.*part).weight);
    action((change.*part).bias);
  }
  for (auto& weight : change.branch.weights) action(weight);
}

std::string shape_of(const Tensor& tensor) {
  return tensor.defined() ? fmt::format("[{}]", fmt::join(tensor.sizes(), ", ")) : "not there";
}

bool has_shape(const Tensor& tensor, at::IntArrayRef shape) {
  return tensor.defined() && tensor.sizes() == shape;
}

/// x with a share of its numbers dropped and the others scaled up; each seed drops its own.
Tensor dropped(const Tensor& x, double share, uint64_t seed) {
  const Tensor kept = at::empty(x.sizes(), torch::kFloat)
                          .bernoulli_(1 - share, at::detail::createCPUGenerator(seed))
                          .div_(1 - share);
  return x * kept.to(x.device(), /*non_blocking=*/true);
}

}  // namespace

const BlockChange* change_of(const TowerChanges& changes, int64_t block) {
  const auto found = std::ranges::find(changes, block, &BlockChange::block);
  return found == changes.end() ? nullptr : &*found;
}

BlockChange change_or_none(const TowerChanges& changes, int64_t block) {
  const BlockChange* const change = change_of(changes, block);
  return change != nullptr ? *change : BlockChange();
}

void check_changes(const TowerChanges& changes, int64_t width, int64_t blocks, const char* tower) {
  std::set<int64_t> seen;
  for (const BlockChange& change : changes) {
    if (change.block < 0 || change.block >= blocks) {
      throw Error(
          fmt::format("change of {} block {}: give blocks from 0 to {}", tower, change.block, blocks - 1));
    }
    if (!seen.insert(change.block).second)
      throw Error(fmt::format("two changes of {} block {}: give one for each", tower, change.block));
    for (const auto& [name, part] : kLowRanks) {
      const auto& [down, up, scale, dropout, seed] = change.*part;
      if (!down.defined() && !up.defined()) continue;
      if (!std::isfinite(scale) || !(dropout >= 0 && dropout < 1)) {
        throw Error(
            fmt::format("change of {} in {} block {}: scale {} and dropout {}; give a finite number, and a "
                        "share from 0 to below 1",
                        name, tower, change.block, scale, dropout));
      }
      const int64_t rank = down.defined() ? down.size(0) : 0;
      if (!has_shape(down, {rank, width}) || !has_shape(up, {width, rank})) {
        throw Error(fmt::format("change of {} in {} block {}: down is {} and up {}; give [r, {}] and [{}, r]",
                                name, tower, change.block, shape_of(down), shape_of(up), width, width));
      }
    }
    for (const auto& [name, part] : kNorms) {
      const auto& [weight, bias] = change.*part;
      if (!weight.defined() && !bias.defined()) continue;
      if (!has_shape(weight, {width}) || !has_shape(bias, {width})) {
        throw Error(fmt::format("{} of {} block {}: weight is {} and bias {}; give [{}] for both", name,
                                tower, change.block, shape_of(weight), shape_of(bias), width));
      }
    }
  }
}

Tensor changed(const Tensor& y, const LowRank& change, const Tensor& x, double factor) {
  if (!change.down.defined()) return y;
  const Tensor seen = change.dropout > 0 ? dropped(x, change.dropout, change.seed) : x;
  return y + at::matmul(at::matmul(seen, change.down.t()), change.up.t() * (change.scale * factor));
}

Tensor changed(const LayerNorm& norm, const NormWeights& weights, const Tensor& x) {
  return weights.weight.defined() ? LayerNorm::with(weights.weight, weights.bias, x) : norm(x);
}

Tensor with_branch(const Tensor& y, const Branch& branch, const Tensor& x) {
  if (!branch.output) return y;
  const Tensor beside = branch.output(x, branch.weights);
  if (!beside.defined() || beside.sizes() != y.sizes())
    throw Error(fmt::format("the branch beside a block gives {}: return {}, as many rows as go in",
                            shape_of(beside), shape_of(y)));
  return y + beside;
}

std::vector<Tensor> tensors_in(const TowerChanges& changes) {
  std::vector<Tensor> tensors;
  for (const BlockChange& change : changes)
    for_each_tensor(change, [&](const Tensor& tensor) {
      if (tensor.defined()) tensors.push_back(tensor);
    });
  return tensors;
}

TowerChanges with_tensors(TowerChanges changes, std::span<const Tensor> tensors) {
  auto next = tensors.begin();
  for (BlockChange& change : changes)
    for_each_tensor(change, [&](Tensor& tensor) {
      if (tensor.defined()) tensor = *next++;
    });
  return changes;
}

TowerChanges of_group(TowerChanges changes, int64_t first) {
  for (BlockChange& change : changes) {
    for (const auto& [name, part] : kLowRanks)
      (change.*part).seed = Hasher().add(static_cast<int64_t>((change.*part).seed)).add(first).low64();
  }
  return changes;
}

}  // namespace promptbed
