#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/suites/dataset_spec.h"

namespace promptbed {

/// A list of datasets that are reported together, and what is embedded with it, so that a sweep over it needs
/// nothing else. What is not embedded is an empty path.
struct Suite {
  std::string id;
  std::string title;
  std::vector<DatasetSpec> datasets;  ///< in the order of the tables
  /// The dataset of another suite that these are shifted versions of: its classes, or some of them, in other
  /// pictures. "" for a suite of other kinds.
  std::string shifts;

  std::filesystem::path model;  ///< the CLIP that serves where the user names none
  std::filesystem::path
      data;  ///< the data root that serves where the user names none; may be without pictures
  std::filesystem::path
      features;  ///< a sealed file for each dataset: features of all images of `data` by `model`

  /// Throws Error for an unknown id, listing the known ones.
  const DatasetSpec& at(std::string_view dataset) const;
};

/// Reads the suite `folder`/`id`: its suite.json and one JSON a dataset. suite.json holds id, title and
/// datasets in order, and may hold the dataset that they shift, and the paths of an embedded model, data and
/// features, relative to its own folder. Throws Error for an unknown id (listing the known ones), and for a
/// file that is not as it has to be.
Suite read_suite(const std::filesystem::path& folder, std::string_view id);

/// All suites of a folder, sorted by id.
std::vector<Suite> read_suites(const std::filesystem::path& folder);

}  // namespace promptbed
