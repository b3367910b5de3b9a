#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace promptbed {

/// What a feature was taken from.
struct FeatureRow {
  std::string image;      ///< path relative to the dataset's image folder
  int view = 0;           ///< kCentreView, or 0 to V - 1
  uint64_t contents = 0;  ///< what was in the file (hash_of_contents); 0 in sealed files of earlier versions
};

/// Features and what they were taken from.
struct FeatureTable {
  std::vector<FeatureRow> rows;
  Tensor features;  ///< [rows, D], unnormalised, in the type that is stored
};

/// All rows of the tables. Of several with the same image and view, the last one is kept.
FeatureTable merged(std::span<const FeatureTable> tables);

}  // namespace promptbed
