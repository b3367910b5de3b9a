#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/suites/dataset_spec.h"

namespace promptbed {

/// One image of a split.
struct Image {
  std::string path;  ///< relative to the dataset's image folder
  int64_t label = 0;
  std::string class_name;

  bool operator==(const Image&) const = default;
};

/// A dataset's images, divided. Every label 0..K-1 has one name, a test image and, unless the dataset is only
/// a test set, a training image.
struct Split {
  std::vector<Image> train;  ///< empty for a mere test set, such as a shifted one
  std::vector<Image> val;    ///< may be empty
  std::vector<Image> test;
  std::vector<std::string> class_names;  ///< K names, by label
  std::vector<std::string> notes;        ///< lines for the user

  /// Hash of all paths, labels and names, in order.
  std::string hash() const;
};

/// Reads a dataset's split below the data root without opening any image. A missing split file is made from
/// the dataset's official files, if its JSON says which, as the reference makes it, and saved in the
/// dataset's folder, or in `cache` if that is read-only. `cache` also keeps large folder listings; if it is
/// empty, nothing is kept.
///
/// Throws Error if a folder or file is missing or malformed, and as check_split does.
Split read_split(const DatasetSpec& spec, const std::filesystem::path& data_root,
                 const std::filesystem::path& cache = {});

/// The files that say which images a dataset has and of which classes, relative to its folder; nothing if its
/// classes are folders.
std::vector<std::filesystem::path> split_files(const SplitSource& source);

/// Fills in the class names of a split whose three lists have been read. Throws Error naming `file` for a
/// path or name that is not UTF-8 or has control characters, for a path that leaves the image folder, for
/// labels with gaps or with two names, and for a class without test images or, if others have them, without
/// training images.
void check_split(Split& split, const std::filesystem::path& file);

/// Adds a note if several classes share a name, as some of ImageNet's do, and another if names that are
/// spelt in different ways read the same in a prompt: "Wren" and "wren", "great_tit" and "great tit", letters
/// with accents and without that are composed or not.
void note_shared_names(Split& split, const std::filesystem::path& file);

}  // namespace promptbed
