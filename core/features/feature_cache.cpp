#include "features/feature_cache.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <utility>

namespace promptbed {

namespace fs = std::filesystem;

FeatureCache::FeatureCache(fs::path path, CacheKey key) : path_(std::move(path)), key_(std::move(key)) {
  reload();
}

void FeatureCache::reload() {
  file_.reset();
  row_numbers_.clear();
  features_.reset();
  if (!fs::exists(path_)) return;
  file_.emplace(path_, key_);
  const std::vector<FeatureRow>& rows = file_->rows();
  for (size_t i = 0; i < rows.size(); ++i) {
    row_numbers_[rows[i].image].insert_or_assign(rows[i].view, static_cast<int64_t>(i));
  }
}

std::optional<int64_t> FeatureCache::row_of(const std::string& image, int view) const {
  const auto of_image = row_numbers_.find(image);
  if (of_image == row_numbers_.end()) return std::nullopt;
  const auto of_view = of_image->second.find(view);
  if (of_view == of_image->second.end()) return std::nullopt;
  return of_view->second;
}

std::vector<MissingPicture> FeatureCache::missing(std::span<const FeatureRequest> requests,
                                                  const fs::path& image_folder) const {
  std::vector<MissingPicture> result;
  std::unordered_map<std::string_view, size_t> place;  // of an image in `result`
  for (const FeatureRequest& request : requests) {
    for (const std::string& image : request.images) {
      const auto stamp = sealed() || image_folder.empty() ? std::nullopt : stamp_of(image_folder / image);
      for (const int view : request.views) {
        const auto row = row_of(image, view);
        if (row && (!stamp || *stamp == file_->rows()[*row].stamp)) continue;
        const auto [entry, is_new] = place.try_emplace(image, result.size());
        if (is_new) result.push_back({image, {}});
        std::vector<int>& views = result[entry->second].views;
        if (std::ranges::find(views, view) == views.end()) views.push_back(view);
      }
    }
  }
  return result;
}

Tensor FeatureCache::read(std::span<const std::string> images, std::span<const int> views) const {
  std::vector<int64_t> rows;
  rows.reserve(images.size() * views.size());
  for (const std::string& image : images) {
    for (const int view : views) {
      const auto row = row_of(image, view);
      if (!row) {
        throw Error(fmt::format("{}: has no feature of {} ({}); run `runner sweep` to extract it",
                                path_.string(), image, view_name(view)));
      }
      rows.push_back(*row);
    }
  }
  if (!features_.defined()) {
    features_ = file_ ? file_->features() : at::empty({0, key_.width}, dtype_of(key_.stored));
  }
  return features_.index_select(0, torch::tensor(rows, torch::kInt64))
      .to(torch::kFloat32)
      .view({static_cast<int64_t>(images.size()), static_cast<int64_t>(views.size()), key_.width});
}

}  // namespace promptbed
