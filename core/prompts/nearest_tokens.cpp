#include "prompts/nearest_tokens.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace promptbed {
namespace {

constexpr int64_t kVectorsAtOnce = 64;  // 13 MB of distances to CLIP's 49,408 tokens

}  // namespace

std::vector<std::vector<NearToken>> nearest_tokens(const Tensor& vectors, const Tensor& embedding,
                                                   int64_t top) {
  const Tensor rows = embedding.to(torch::kFloat);
  const int64_t count = std::min(top, rows.size(0));
  std::vector<std::vector<NearToken>> nearest;
  for (int64_t begin = 0; begin < vectors.size(0); begin += kVectorsAtOnce) {
    const Tensor part = vectors.narrow(0, begin, std::min(kVectorsAtOnce, vectors.size(0) - begin));
    const Tensor distances =
        at::cdist(part.to(torch::kFloat), rows, 2, /*compute_mode=*/2);  // without products
    const auto [values, order] = at::sort(distances, /*stable=*/true, -1, /*descending=*/false);
    for (int64_t row = 0; row < part.size(0); ++row) {
      auto& found = nearest.emplace_back();
      for (int64_t place = 0; place < count; ++place)
        found.push_back({order[row][place].item<int64_t>(), values[row][place].item<double>()});
    }
  }
  return nearest;
}

}  // namespace promptbed
