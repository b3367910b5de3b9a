#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "data/layouts/split.h"
#include "data/pictures/content_index.h"
#include "data/suites/suite.h"

namespace promptbed {

/// Which datasets, and where they are.
struct DataSpec {
  std::string suite;
  /// "all", or a list separated by commas: ids of the suite, and paths of the user's own datasets.
  std::string datasets = "all";
  std::filesystem::path data;    ///< holds the datasets' folders; empty: what the suite embeds
  std::filesystem::path suites;  ///< the folder of the suites
  std::filesystem::path cache;   ///< for made splits and folder listings; empty: keep nothing

  std::filesystem::path templates;       ///< the user's templates by dataset (given_names.h); empty: none
  std::filesystem::path class_names;     ///< the user's class names by dataset; empty: none
  std::set<std::string> elsewhere = {};  ///< other datasets that these files may name

  std::optional<CropRange> crops = {};  ///< the user's; otherwise the suite's
};

/// The datasets that a user chose from a suite and among their own, with their templates and class names.
///
///     ChosenDatasets chosen({.suite = "paper", .datasets = "dtd,pictures/birds", .data = "data", ...});
///     for (const DatasetSpec& dataset : chosen.list()) Split split = chosen.read_split(dataset);
class ChosenDatasets {
 public:
  /// Reads the suite and the descriptions of own datasets. Throws Error if something is missing or malformed,
  /// an item is neither an id nor a path, an own dataset has the id of another one, or datasets are chosen
  /// from a suite that embeds no data and `data` is empty.
  explicit ChosenDatasets(DataSpec spec);

  const Suite& suite() const { return suite_; }

  /// Those of the suite in its order, then the user's own in the order given.
  const std::vector<DatasetSpec>& list() const { return datasets_; }

  /// Throws Error for an id that was not chosen.
  const DatasetSpec& at(std::string_view id) const;

  Split read_split(const DatasetSpec& dataset) const;

  /// The dataset's images; a suite may embed features without any. Throws Error if an archive is damaged.
  ImageFiles images(const DatasetSpec& dataset) const;

  /// What is in the dataset's image files, as far as the cache remembers it.
  ContentIndex contents(const DatasetSpec& dataset) const;

  /// Where the datasets' folders are; empty if only own ones were chosen.
  const std::filesystem::path& data() const { return spec_.data; }

  /// Whether a dataset comes from what its suite embeds, not from the user's data.
  bool is_embedded(const DatasetSpec& dataset) const { return embedded_ && !dataset.is_own(); }

 private:
  void choose();
  void add_own(const std::string& path);

  DataSpec spec_;  ///< with the embedded data filled in
  Suite suite_;
  bool embedded_;
  std::vector<DatasetSpec> datasets_;
};

}  // namespace promptbed
