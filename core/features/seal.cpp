#include "features/seal.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <vector>

namespace promptbed {
namespace {

FeatureTable table_of(const FeatureCache& cache, const FeatureRequest& request) {
  FeatureTable table;
  for (const std::string& image : request.images) {
    for (const int view : request.views) table.rows.push_back({image, view, {}});
  }
  table.features = cache.read(request.images, request.views).flatten(0, 1).to(dtype_of(cache.key().stored));
  return table;
}

}  // namespace

void seal_features(const FeatureCache& cache, std::span<const FeatureRequest> requests,
                   const std::filesystem::path& image_folder, const std::filesystem::path& sealed) {
  const std::vector<MissingPicture> missing = cache.missing(requests, image_folder);
  if (!missing.empty()) {
    throw Error(fmt::format("{}: lacks features of {} images, first {}; run `runner features build` first",
                            cache.path().string(), missing.size(), missing.front().image));
  }
  std::vector<FeatureTable> tables;
  for (const FeatureRequest& request : requests) tables.push_back(table_of(cache, request));
  write_feature_file(sealed, cache.key(), merged(tables), FileKind::sealed);
}

}  // namespace promptbed
