#include "sweep/open_caches.h"

#include <algorithm>

namespace promptbed {

const FeatureCache& OpenCaches::of(const PlannedDataset& dataset) {
  const auto found = caches_.find(dataset.spec.id);
  if (found != caches_.end()) return found->second;
  return caches_.emplace(dataset.spec.id, inputs_.open_cache(dataset.spec)).first->second;
}

void OpenCaches::keep_those_of(const PlannedRun& run) {
  std::erase_if(caches_, [&](const auto& entry) {
    const auto is_it = [&](const PlannedDataset& dataset) { return dataset.spec.id == entry.first; };
    return !is_it(*run.dataset) &&
           std::ranges::none_of(run.tests, [&](const PlannedTest& test) { return is_it(*test.dataset); });
  });
}

}  // namespace promptbed
