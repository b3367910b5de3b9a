#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace promptbed {

/// Identifies the version of an image file that features were taken from.
struct PictureStamp {
  int64_t bytes = 0;
  int64_t modified = 0;  ///< nanoseconds since 1970

  bool operator==(const PictureStamp&) const = default;
};

/// The stamp of a file; nothing if there is no such file.
std::optional<PictureStamp> stamp_of(const std::filesystem::path& picture);

/// What a feature was taken from.
struct FeatureRow {
  std::string image;  ///< path relative to the dataset's image folder
  int view = 0;       ///< kCentreView, or 0 to V - 1
  PictureStamp stamp;
};

/// Features and what they were taken from.
struct FeatureTable {
  std::vector<FeatureRow> rows;
  Tensor features;  ///< [rows, D], unnormalised, in the type that is stored
};

/// All rows of the tables. Of several with the same image and view, the last one is kept.
FeatureTable merged(std::span<const FeatureTable> tables);

}  // namespace promptbed
