#include "data/layouts/cache_file.h"

#include <fmt/format.h>

#include "base/hash.h"

namespace promptbed {
namespace {

constexpr size_t kFolderDigits = 16;

}  // namespace

std::filesystem::path cache_file(const std::filesystem::path& cache, const std::string& shelf,
                                 const std::string& dataset, const std::filesystem::path& folder,
                                 const std::string& ending) {
  if (cache.empty()) return {};
  const std::string real = std::filesystem::weakly_canonical(folder).string();
  const std::string digits = Hasher().add(std::string_view(real)).hex().substr(0, kFolderDigits);
  return cache / shelf / fmt::format("{}-{}{}", dataset, digits, ending);
}

}  // namespace promptbed
