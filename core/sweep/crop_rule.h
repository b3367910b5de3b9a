#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <span>
#include <vector>

#include "data/suites/dataset_spec.h"
#include "sweep/inputs.h"

/// How much random crops of training images may leave out: a rule that looks at no method's score.
namespace promptbed {

/// How zero-shot CLIP does on the training images of a dataset, in percent: the mean of the accuracies on
/// base and on new classes, each half told from its own classes only.
struct CropAccuracies {
  double centre = 0;          ///< on the centre crops
  std::vector<double> crops;  ///< on random crops, by range
};

/// How random crops are tried out.
struct CropTrial {
  std::vector<CropRange> ranges;
  int64_t views = 10;  ///< of each image: the first of those that runs train on
  int64_t threads = 1;
};

/// Encodes the centre crop and the views of every training image. Reports progress on `log`. Throws
/// PictureError if an image is missing or unreadable, Error for a dataset without training images or with a
/// single class, Interrupted on Ctrl-C.
CropAccuracies try_crops(Inputs& inputs, const DatasetSpec& dataset, const CropTrial& trial,
                         std::ostream& log);

/// The mean over datasets.
CropAccuracies mean_of(std::span<const CropAccuracies> datasets);

/// Which of the ranges, given from the widest to the narrowest, is the widest that keeps this share of the
/// centre crops' accuracy, as do all narrower ones; nothing if none does.
std::optional<size_t> widest_range(const CropAccuracies& accuracies, double share);

}  // namespace promptbed
