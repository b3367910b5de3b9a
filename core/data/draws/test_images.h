#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/draws/class_half.h"
#include "data/layouts/split.h"

namespace promptbed {

/// The test images of a dataset that a list of classes is tried on.
struct TestImages {
  std::vector<std::string> class_names;  ///< all K that are told apart
  std::vector<Image> images;             ///< their labels are places in `class_names`
  int64_t left_out = 0;                  ///< the dataset's other test images
};

/// Those of a half of the classes, or all.
TestImages test_images_of(const Split& split, ClassSet set);

/// Those whose class is in a list, which may also hold names that the dataset does not have. Throws Error
/// where there is no such image.
TestImages test_images_of(const Split& split, const std::vector<std::string>& class_names);

}  // namespace promptbed
