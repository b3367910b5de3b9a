#include "clip/packed_prompts.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace promptbed {
namespace {

constexpr int64_t kSuffixRowsAtOnce = 256;
constexpr int64_t kPrefixesAtOnce = 4;  // a group's suffixes are at least so many times as long as its prefix

PackedPrompts pack_group(int64_t prefix, std::span<const int64_t> lengths, int64_t first_token) {
  PackedPrompts group;
  group.first_token = first_token;
  group.tokens = std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
  const int64_t rows = prefix + group.tokens;
  group.position = at::empty({rows}, torch::kLong);
  group.mask = at::full({rows, rows}, -std::numeric_limits<float>::infinity(), torch::kFloat);
  group.last_row = at::empty({static_cast<int64_t>(lengths.size())}, torch::kLong);
  auto* position = group.position.data_ptr<int64_t>();
  auto* last_row = group.last_row.data_ptr<int64_t>();
  auto* mask = group.mask.data_ptr<float>();

  const auto set_row = [&](int64_t row, int64_t begin) {
    float* sees = mask + row * rows;
    std::fill_n(sees, std::min(prefix, row + 1), 0.0f);
    if (row >= prefix) std::fill(sees + begin, sees + row + 1, 0.0f);
  };
  for (int64_t row = 0; row < prefix; ++row) {
    position[row] = row;
    set_row(row, 0);
  }
  int64_t begin = prefix;
  for (const int64_t length : lengths) {
    for (int64_t row = begin; row < begin + length; ++row) {
      position[row] = prefix + row - begin;
      set_row(row, begin);
    }
    begin += length;
    *last_row++ = begin - 1;
  }
  group.last_mask = group.mask.index_select(0, group.last_row);
  return group;
}

}  // namespace

std::vector<PackedPrompts> pack_prompts(int64_t prefix, std::span<const int64_t> suffix_lengths,
                                        torch::Device device) {
  const int64_t all = std::accumulate(suffix_lengths.begin(), suffix_lengths.end(), int64_t{0});
  const int64_t most = std::max(kSuffixRowsAtOnce, kPrefixesAtOnce * prefix);
  const int64_t count = (all + most - 1) / most;
  std::vector<PackedPrompts> groups;
  int64_t done = 0;  // tokens
  for (auto first = suffix_lengths.begin(); first != suffix_lengths.end();) {
    // Groups of like size: the i-th ends with the class that reaches i / count of all tokens.
    const int64_t goal = all * (static_cast<int64_t>(groups.size()) + 1) / count;
    auto end = first;
    int64_t reached = done;
    do {
      reached += *end++;
    } while (end != suffix_lengths.end() && reached < goal);
    groups.push_back(pack_group(prefix, {first, end}, done));
    done = reached;
    first = end;
  }
  for (PackedPrompts& group : groups) {
    for (Tensor* tensor : {&group.position, &group.mask, &group.last_row, &group.last_mask})
      *tensor = tensor->to(device);
  }
  return groups;
}

}  // namespace promptbed
