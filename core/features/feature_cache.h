#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/pictures/content_index.h"
#include "features/cache_key.h"
#include "features/feature_file.h"

namespace promptbed {

/// Images of a dataset, and the views needed of each.
struct FeatureRequest {
  std::vector<std::string> images;  ///< paths relative to the dataset's image folder
  std::vector<int> views;           ///< kCentreView, or 0 to V - 1
};

/// An image and those of its views whose features are not in the cache.
struct MissingPicture {
  std::string image;
  std::vector<int> views;
};

/// The features of one dataset by one model, read from a file that need not exist yet. Never writes, never
/// waits; sees the file as it was when opened.
///
///     FeatureCache cache(cache_path(folder, key), key);
///     if (!cache.missing(requests, &contents).empty()) extract_features(cache, ...);
///     Tensor features = cache.read(train, {0, 1, 2});   // [N, 3, D]
class FeatureCache {
 public:
  /// Throws Error if the file has another key, is not an HDF5 file or is damaged.
  FeatureCache(std::filesystem::path path, CacheKey key);

  const std::filesystem::path& path() const { return path_; }
  const CacheKey& key() const { return key_; }

  /// Whether the file is sealed: its rows are valid whatever the images are, and it must not be written.
  bool sealed() const { return file_ && file_->sealed(); }

  /// What must be extracted to satisfy the requests, each image once, in order of first appearance. A row
  /// counts as missing if the image's file has other contents than those it was taken from; an image that is
  /// not there does not matter, and without `contents` none does.
  std::vector<MissingPicture> missing(std::span<const FeatureRequest> requests, ContentIndex* contents) const;

  /// What an image held that these views of it were taken from. Throws Error, naming it, if the cache lacks
  /// one, or if they were taken from different contents.
  uint64_t contents_of(const std::string& image, std::span<const int> views) const;

  /// A hash of the requested images' names and contents, in order, which tells features of other images from
  /// these. Of a sealed file the contents are those that it was made from, and "" if it does not say them, as
  /// those of earlier versions. Otherwise the contents are those of the files, as in
  /// missing(), or else those that the rows were taken from, of all requested views. Throws Error, naming the
  /// image, if there is neither, or if its views were taken from different contents.
  std::string hash_of_images(std::span<const FeatureRequest> requests, ContentIndex* contents) const;

  /// Features in the order requested -> [N, V, D] f32, unnormalised. Throws Error, naming the image, if the
  /// cache lacks one, and naming the file if a checksum does not match.
  Tensor read(std::span<const std::string> images, std::span<const int> views) const;

  /// Opens the file again to see what has been written since.
  void reload();

 private:
  struct View {
    std::string_view image;
    int number;
    bool operator==(const View&) const = default;
  };
  struct ViewHash {
    size_t operator()(const View& view) const;
  };

  std::optional<int64_t> row_of(const std::string& image, int view) const;

  std::filesystem::path path_;
  CacheKey key_;
  std::optional<FeatureFile> file_;                          ///< nothing if there is no file yet
  std::unordered_map<View, int64_t, ViewHash> row_numbers_;  ///< of the file's rows, whose texts it refers to
  mutable Tensor features_;                                  ///< all of the file's, read on first use
};

/// FeatureCache::hash_of_images of images by their files alone; one that cannot be read has no contents.
std::string hash_of_files(std::span<const std::string> images, ContentIndex& contents);

}  // namespace promptbed
