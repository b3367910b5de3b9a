#include "sweep/given_draws.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <utility>

namespace promptbed {

GivenDraws::GivenDraws(const std::vector<std::filesystem::path>& files) {
  for (const std::filesystem::path& file : files) {
    StoredDraw stored = read_draw(file);
    const auto [place, first] =
        given_.try_emplace({stored.dataset, stored.shots, stored.seed}, Given{file, std::move(stored.draw)});
    if (!first) {
      throw Error(fmt::format("{} and {}: both are of {}, {} shots, seed {}; leave one out",
                              place->second.file.string(), file.string(), stored.dataset, stored.shots,
                              stored.seed));
    }
  }
}

void GivenDraws::check_grid(const std::vector<DatasetSpec>& datasets, const std::vector<int64_t>& shots,
                            const std::vector<int64_t>& seeds) const {
  const auto has = [](const std::vector<int64_t>& values, int64_t value) {
    return std::ranges::find(values, value) != values.end();
  };
  for (const auto& [cell, given] : given_) {
    const auto& [dataset, of_shots, seed] = cell;
    const bool has_dataset = std::ranges::find(datasets, dataset, &DatasetSpec::id) != datasets.end();
    if (has_dataset && has(shots, of_shots) && has(seeds, seed)) continue;
    throw Error(
        fmt::format("{}: is of {}, {} shots, seed {}, and the sweep has no such run; change --datasets, "
                    "--shots or --seeds",
                    given.file.string(), dataset, of_shots, seed));
  }
}

std::optional<FewShotDraw> GivenDraws::find(const std::string& dataset, const Split& split, int64_t shots,
                                            int64_t seed) const {
  const auto given = given_.find({dataset, shots, seed});
  if (given == given_.end()) return std::nullopt;
  return find_drawn_images(given->second.draw, split, given->second.file);
}

}  // namespace promptbed
