#include "sweep/deal_out.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace promptbed {

std::vector<size_t> deal_out(std::span<const int64_t> costs, size_t parts) {
  std::vector<size_t> dearest_first(costs.size());
  std::iota(dearest_first.begin(), dearest_first.end(), size_t{0});
  std::ranges::stable_sort(dearest_first, std::ranges::greater(), [&](size_t thing) { return costs[thing]; });
  std::vector<int64_t> loads(parts, 0);
  std::vector<size_t> part_of(costs.size());
  for (const size_t thing : dearest_first) {
    const auto least = std::ranges::min_element(loads);
    *least += costs[thing];
    part_of[thing] = static_cast<size_t>(least - loads.begin());
  }
  return part_of;
}

}  // namespace promptbed
