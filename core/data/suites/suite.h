#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/suites/dataset_spec.h"

namespace promptbed {

/// A list of datasets that are reported together. It may embed a model, data and features, so that a sweep
/// needs nothing else; what is not embedded is an empty path.
struct Suite {
  std::string id;
  std::string title;
  std::vector<DatasetSpec> datasets;  ///< in the order of the tables
  /// The dataset, in another suite, that these are shifted versions of: its classes, or some of them, in
  /// other images. "" if they are not.
  std::string shifts;

  std::filesystem::path model;     ///< the default CLIP
  std::filesystem::path data;      ///< the default data root; may lack the images
  std::filesystem::path features;  ///< a sealed file per dataset: `model`'s features of all images of `data`

  /// Throws Error for an unknown id, listing the known ones.
  const DatasetSpec& at(std::string_view dataset) const;
};

/// Reads the suite `folder`/`id`: its suite.json and one JSON per dataset. suite.json holds id, title, and
/// the datasets in order; optionally the dataset that they shift, what the crops of training views cover
/// ("0.7-1"), and the paths of an embedded model, data and features relative to its own folder. Throws Error
/// for an unknown id, listing the known ones, and for a malformed file.
Suite read_suite(const std::filesystem::path& folder, std::string_view id);

/// All suites of a folder, sorted by id.
std::vector<Suite> read_suites(const std::filesystem::path& folder);

}  // namespace promptbed
