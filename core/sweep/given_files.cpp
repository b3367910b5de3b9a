#include "sweep/given_files.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <utility>

#include "data/draws/draw_file.h"
#include "table/table.h"

namespace promptbed {

namespace fs = std::filesystem;

GivenDraws::GivenDraws(const std::vector<fs::path>& files) {
  for (const fs::path& file : files) {
    StoredDraw stored = read_draw(file);
    if (stored.changes != DrawChanges()) {
      throw Error(fmt::format("{}: is a changed draw, which a sweep makes itself; leave it out and give {}",
                              file.string(), stored.changes.options()));
    }
    const auto [place, first] =
        given_.try_emplace({stored.dataset, stored.shots, stored.seed}, Given{file, std::move(stored.draw)});
    if (!first) {
      throw Error(fmt::format("{} and {}: both are of {}, {}, seed {}; leave one out",
                              place->second.file.string(), file.string(), stored.dataset,
                              plural(static_cast<size_t>(stored.shots), "shot"), stored.seed));
    }
  }
}

void GivenDraws::check_grid(const std::vector<DatasetSpec>& datasets, const SweepSpec& spec) const {
  const auto has = [](const std::vector<int64_t>& values, int64_t value) {
    return std::ranges::find(values, value) != values.end();
  };
  for (const auto& [cell, given] : given_) {
    const auto& [dataset, shots, seed] = cell;
    const bool has_dataset = has_source(spec.protocol)
                                 ? dataset == spec.source  // nothing is trained on targets
                                 : std::ranges::find(datasets, dataset, &DatasetSpec::id) != datasets.end();
    if (has_dataset && has(spec.shots, shots) && has(spec.seeds, seed)) continue;
    throw Error(
        fmt::format("{}: is of {}, {}, seed {}, and the sweep has no such run; change {}, --shots "
                    "or --seeds",
                    given.file.string(), dataset, plural(static_cast<size_t>(shots), "shot"), seed,
                    has_source(spec.protocol) ? "--source" : "--datasets"));
  }
}

std::optional<FewShotDraw> GivenDraws::find(const Split& split, const std::string& dataset, int64_t shots,
                                            int64_t seed) const {
  const auto given = given_.find({dataset, shots, seed});
  if (given == given_.end()) return std::nullopt;
  return find_drawn_images(given->second.draw, split, given->second.file);
}

GivenDescriptions::GivenDescriptions(const std::map<std::string, fs::path>& files, const Inputs& inputs) {
  for (const auto& [dataset, file] : files) {
    try {
      inputs.dataset(dataset);  // throws for an unknown id
    } catch (const Error& fault) {
      throw Error(fmt::format("--descriptions {}={}: {}", dataset, file.string(), fault.what()));
    }
    given_.emplace(dataset, file);
  }
}

const ClassDescriptions* GivenDescriptions::find(const std::string& dataset) const {
  const auto found = given_.find(dataset);
  return found == given_.end() ? nullptr : &found->second;
}

}  // namespace promptbed
