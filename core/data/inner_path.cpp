#include "data/inner_path.h"

#include <algorithm>

namespace promptbed {

bool is_inner_path(const std::filesystem::path& path) {
  return !path.empty() && !path.is_absolute() && std::find(path.begin(), path.end(), "..") == path.end();
}

}  // namespace promptbed
