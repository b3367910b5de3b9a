#include "features/feature_table.h"

#include <ATen/ATen.h>

#include <map>
#include <string_view>
#include <utility>

namespace promptbed {

FeatureTable merged(std::span<const FeatureTable> tables) {
  std::vector<Tensor> features;
  std::vector<const FeatureRow*> rows;
  std::map<std::pair<std::string_view, int>, size_t> latest;
  for (const FeatureTable& table : tables) {
    features.push_back(table.features);
    for (const FeatureRow& row : table.rows) {
      latest.insert_or_assign({row.image, row.view}, rows.size());
      rows.push_back(&row);
    }
  }

  FeatureTable result;
  std::vector<int64_t> kept;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (latest.at({rows[i]->image, rows[i]->view}) != i) continue;
    kept.push_back(static_cast<int64_t>(i));
    result.rows.push_back(*rows[i]);
  }
  result.features = at::cat(features);
  if (kept.size() != rows.size()) result.features = result.features.index_select(0, torch::tensor(kept));
  return result;
}

}  // namespace promptbed
