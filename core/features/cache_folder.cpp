#include "features/cache_folder.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <vector>

#include "base/writer_lock.h"
#include "features/feature_file.h"
#include "features/feature_writer.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// <folder>/<16 hexadecimal digits>/<name>
bool is_in_place(const fs::path& folder, const fs::path& path) {
  const std::string model = path.parent_path().filename();
  return folder / model / path.filename() == path && model.size() == kModelDigits &&
         model.find_first_not_of("0123456789abcdef") == std::string::npos;
}

CacheSummary summary_of(const fs::path& folder, const fs::path& path) {
  CacheSummary summary;
  summary.path = path;
  summary.in_place = is_in_place(folder, path);
  summary.bytes = fs::file_size(path);
  try {
    const FeatureFile file(path);
    summary.key = file.key();
    summary.rows = static_cast<int64_t>(file.rows().size());
    summary.sealed = file.sealed();
  } catch (const Error& fault) {
    summary.fault = fault.what();
  }
  return summary;
}

FeatureTable table_of(const FeatureCache& cache, const FeatureRequest& request) {
  FeatureTable table;
  for (const std::string& image : request.images) {
    const uint64_t contents = cache.contents_of(image, request.views);
    for (const int view : request.views) table.rows.push_back({image, view, contents});
  }
  table.features = cache.read(request.images, request.views).flatten(0, 1).to(dtype_of(cache.key().stored));
  return table;
}

}  // namespace

std::vector<CacheSummary> list_caches(const fs::path& folder) {
  std::vector<CacheSummary> caches;
  if (!fs::exists(folder)) return caches;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() == ".h5")
      caches.push_back(summary_of(folder, entry.path()));
  }
  std::ranges::sort(caches, {}, &CacheSummary::path);
  return caches;
}

void verify_cache(const fs::path& path) {
  FeatureFile(path).features();
}

void remove_cache(const fs::path& path, std::ostream& log) {
  const WriterLock lock(path, log);
  const Leftovers leftovers = find_leftovers(path);
  for (const auto* files : {&leftovers.parts, &leftovers.incomplete}) {
    for (const fs::path& file : *files) fs::remove(file);
  }
  fs::remove(path);
}

void seal_features(const FeatureCache& cache, std::span<const FeatureRequest> requests,
                   ContentIndex* contents, const std::filesystem::path& sealed) {
  const std::vector<MissingPicture> missing = cache.missing(requests, contents);
  if (!missing.empty()) {
    throw Error(fmt::format("{}: lacks features of {} images, first {}; run `runner features build` first",
                            cache.path().string(), missing.size(), missing.front().image));
  }
  std::vector<FeatureTable> tables;
  for (const FeatureRequest& request : requests) tables.push_back(table_of(cache, request));
  write_feature_file(sealed, cache.key(), merged(tables), FileKind::sealed);
}

}  // namespace promptbed
