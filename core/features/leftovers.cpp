#include "features/leftovers.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace promptbed {

namespace fs = std::filesystem;

Leftovers find_leftovers(const fs::path& cache) {
  Leftovers found;
  const std::string prefix = cache.filename().string() + ".";
  for (const auto& entry : fs::directory_iterator(cache.parent_path())) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    if (name.ends_with(".tmp")) {
      found.incomplete.push_back(entry.path());
    } else if (name.starts_with(prefix + "part")) {
      found.parts.push_back(entry.path());
    }
  }
  std::ranges::sort(found.parts);
  return found;
}

fs::path part_path(const fs::path& cache, int64_t number) {
  return fmt::format("{}.part{:06}", cache.string(), number);
}

}  // namespace promptbed
