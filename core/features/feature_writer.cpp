#include "features/feature_writer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "features/feature_file.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostWaitingRows = 4096;
constexpr auto kLongestWait = std::chrono::seconds(20);

}  // namespace

FeatureWriter::FeatureWriter(fs::path cache, CacheKey key, std::ostream& log)
    : cache_(std::move(cache)), key_(std::move(key)), lock_(cache_, log) {
  for (const fs::path& temporary : find_leftovers(cache_).incomplete) fs::remove(temporary);
  merge_parts();
}

void FeatureWriter::append(std::span<const FeatureRow> rows, const Tensor& features) {
  block_.push_back({{rows.begin(), rows.end()}, features.to(dtype_of(key_.stored))});
  block_rows_ += static_cast<int64_t>(rows.size());
  if (block_rows_ >= kMostWaitingRows || Clock::now() - block_start_ >= kLongestWait) flush();
}

void FeatureWriter::flush() {
  if (!block_.empty()) {
    write_feature_file(part_path(cache_, ++parts_), key_, merged(block_));
    rows_written_ += std::exchange(block_rows_, 0);
    block_.clear();
  }
  block_start_ = Clock::now();
}

void FeatureWriter::finish() {
  flush();
  merge_parts();
  parts_ = 0;
}

void FeatureWriter::merge_parts() {
  const std::vector<fs::path> parts = find_leftovers(cache_).parts;
  if (parts.empty()) return;
  std::vector<FeatureTable> tables;
  const auto take = [&](const fs::path& path) {
    const FeatureFile file(path, key_);
    tables.push_back({file.rows(), file.features()});
  };
  if (fs::exists(cache_)) take(cache_);
  for (const fs::path& part : parts) take(part);
  write_feature_file(cache_, key_, merged(tables));
  for (const fs::path& part : parts) fs::remove(part);
}

Leftovers find_leftovers(const fs::path& cache) {
  Leftovers found;
  const std::string prefix = cache.filename().string() + ".";
  std::error_code there_is_none;
  for (const auto& entry : fs::directory_iterator(cache.parent_path(), there_is_none)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    if (name.ends_with(".tmp")) {  // whatever version left it
      found.incomplete.push_back(entry.path());
    } else if (name.starts_with(prefix + "part")) {
      found.parts.push_back(entry.path());
    }
  }
  std::ranges::sort(found.parts);
  return found;
}

bool clean_up(const fs::path& cache, const CacheKey& key, std::ostream& log) {
  const Leftovers found = find_leftovers(cache);
  if (found.parts.empty() && found.incomplete.empty()) {
    tidy_after_killed(cache);
    return false;
  }
  if (is_locked(cache)) return false;
  const FeatureWriter writer(cache, key, log);
  return true;
}

fs::path part_path(const fs::path& cache, int64_t number) {
  return fmt::format("{}.part{:06}", cache.string(), number);
}

}  // namespace promptbed
