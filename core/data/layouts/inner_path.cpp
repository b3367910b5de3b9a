#include "data/layouts/inner_path.h"

namespace promptbed {

bool is_inner_path(std::string_view path) {
  if (path.empty() || path.front() == '/') return false;
  while (true) {
    const size_t end = path.find('/');
    if (path.substr(0, end) == "..") return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

}  // namespace promptbed
