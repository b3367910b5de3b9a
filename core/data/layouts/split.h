#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/suites/dataset_spec.h"

namespace promptbed {

/// One picture of a split.
struct Image {
  std::string path;  ///< relative to the dataset's image folder
  int64_t label = 0;
  std::string class_name;

  bool operator==(const Image&) const = default;
};

/// A dataset's pictures, divided. Every label 0..K-1 has one name, a test image and, unless the dataset is a
/// test set alone, a training image.
struct Split {
  std::vector<Image> train;  ///< empty for a test set alone, such as a shifted one
  std::vector<Image> val;    ///< may be empty
  std::vector<Image> test;
  std::vector<std::string> class_names;  ///< K names; the place is the label
  std::vector<std::string> notes;        ///< what a user should be told of it, a line each

  /// Over all paths, labels and names, in order.
  std::string hash() const;
};

/// Reads a dataset's split below the data root. Looks at no picture. A split file that is missing is made
/// from the dataset's own files, where its JSON says of which, as the reference makes it, and kept in the
/// dataset's folder, or in `cache` where that is read-only. `cache` also remembers large listings of folders;
/// where it is empty nothing is kept there.
///
/// Throws Error for a missing folder or file, for a file that is not as it has to be, for a path that leaves
/// the image folder, for labels with holes or with two names, and for a class without test images or, where
/// others have them, without training images.
Split read_split(const DatasetSpec& spec, const std::filesystem::path& data_root,
                 const std::filesystem::path& cache = {});

/// Where a picture of a split is.
std::filesystem::path image_path(const DatasetSpec& spec, const std::filesystem::path& data_root,
                                 const Image& image);

}  // namespace promptbed
