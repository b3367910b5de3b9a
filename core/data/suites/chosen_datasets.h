#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "data/layouts/split.h"
#include "data/suites/data_spec.h"
#include "data/suites/suite.h"

namespace promptbed {

/// The datasets that a user chose, of a suite and of their own, with the user's words in place.
///
///     ChosenDatasets chosen({.suite = "paper", .datasets = "dtd,pictures/birds", .data = "data", ...});
///     for (const DatasetSpec& dataset : chosen.list()) Split split = chosen.read_split(dataset);
class ChosenDatasets {
 public:
  /// Reads the suite and the descriptions of own datasets. Throws Error for what is missing or wrong, for a
  /// word that is neither an id nor a path, for an own dataset that has the id of another one, and where
  /// datasets of a suite are chosen whose data nobody names.
  explicit ChosenDatasets(DataSpec spec);

  const Suite& suite() const { return suite_; }

  /// Those of the suite in its order, then the user's own in theirs.
  const std::vector<DatasetSpec>& list() const { return datasets_; }

  /// Throws Error for an id that was not chosen.
  const DatasetSpec& at(std::string_view id) const;

  Split read_split(const DatasetSpec& dataset) const;

  /// Where the dataset's pictures are. With what a suite embeds there need not be any.
  std::filesystem::path image_folder(const DatasetSpec& dataset) const;

  /// Where the datasets' folders are; empty where only own ones were chosen.
  const std::filesystem::path& data() const { return spec_.data; }

  /// Whether a dataset is read from what its suite embeds, not from the user's data.
  bool is_embedded(const DatasetSpec& dataset) const { return embedded_ && !dataset.is_own(); }

 private:
  void choose();
  void add_own(const std::string& path);

  DataSpec spec_;  ///< with the suite's own data filled in
  Suite suite_;
  bool embedded_;
  std::vector<DatasetSpec> datasets_;
};

}  // namespace promptbed
