#include "features/feature_cache.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace promptbed {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void throw_no_feature(const fs::path& path, const std::string& image, int view) {
  throw Error(fmt::format("{}: has no feature of {} ({}); run `runner sweep` to extract it", path.string(),
                          image, view_name(view)));
}

}  // namespace

FeatureCache::FeatureCache(fs::path path, CacheKey key) : path_(std::move(path)), key_(std::move(key)) {
  reload();
}

void FeatureCache::reload() {
  row_numbers_.clear();
  file_.reset();
  features_.reset();
  if (!fs::exists(path_)) return;
  file_.emplace(path_, key_);
  const std::vector<FeatureRow>& rows = file_->rows();
  row_numbers_.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i)
    row_numbers_.insert_or_assign({rows[i].image, rows[i].view}, static_cast<int64_t>(i));
}

size_t FeatureCache::ViewHash::operator()(const View& view) const {
  constexpr size_t kGoldenRatio = 0x9e3779b97f4a7c15;  // spreads neighbouring numbers over all bits
  return std::hash<std::string_view>()(view.image) ^ static_cast<size_t>(view.number) * kGoldenRatio;
}

std::optional<int64_t> FeatureCache::row_of(const std::string& image, int view) const {
  const auto found = row_numbers_.find({image, view});
  return found == row_numbers_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<MissingPicture> FeatureCache::missing(std::span<const FeatureRequest> requests,
                                                  ContentIndex* contents) const {
  std::vector<MissingPicture> result;
  std::unordered_map<std::string_view, size_t> place;  // of an image in `result`
  for (const FeatureRequest& request : requests) {
    for (const std::string& image : request.images) {
      const auto found = sealed() || contents == nullptr ? std::nullopt : contents->find(image);
      for (const int view : request.views) {
        const auto row = row_of(image, view);
        if (row && (!found || *found == file_->rows()[static_cast<size_t>(*row)].contents)) continue;
        const auto [entry, is_new] = place.try_emplace(image, result.size());
        if (is_new) result.push_back({image, {}});
        std::vector<int>& views = result[entry->second].views;
        if (std::ranges::find(views, view) == views.end()) views.push_back(view);
      }
    }
  }
  return result;
}

uint64_t FeatureCache::contents_of(const std::string& image, std::span<const int> views) const {
  std::optional<uint64_t> contents;
  for (const int view : views) {
    const auto row = row_of(image, view);
    if (!row) throw_no_feature(path_, image, view);
    const uint64_t of_view = file_->rows()[static_cast<size_t>(*row)].contents;
    if (contents && *contents != of_view) {
      throw Error(
          fmt::format("{}: has features of different contents of {}; run `runner sweep` to extract them",
                      path_.string(), image));
    }
    contents = of_view;
  }
  return contents.value_or(0);
}

std::string hash_of_files(std::span<const std::string> images, ContentIndex& contents) {
  Hasher hasher;
  for (const std::string& image : images) {
    const auto found = contents.find(image);
    hasher.add(image).add(static_cast<int64_t>(found.value_or(0)));
  }
  return hasher.hex();
}

std::string FeatureCache::hash_of_images(std::span<const FeatureRequest> requests,
                                         ContentIndex* contents) const {
  if (sealed()) {
    contents = nullptr;
    const bool says_contents = !file_->rows().empty() && file_->rows().front().contents != 0;
    if (!says_contents) return {};
  }
  Hasher hasher;
  for (const FeatureRequest& request : requests) {
    for (const std::string& image : request.images) {
      const auto found = contents == nullptr ? std::nullopt : contents->find(image);
      hasher.add(image).add(static_cast<int64_t>(found ? *found : contents_of(image, request.views)));
    }
  }
  return hasher.hex();
}

Tensor FeatureCache::read(std::span<const std::string> images, std::span<const int> views) const {
  std::vector<int64_t> rows;
  rows.reserve(images.size() * views.size());
  for (const std::string& image : images) {
    for (const int view : views) {
      const auto row = row_of(image, view);
      if (!row) throw_no_feature(path_, image, view);
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
