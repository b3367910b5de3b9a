#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/draws/few_shot.h"
#include "data/layouts/split.h"

namespace promptbed {

/// Which of a dataset's K classes: base, the first ceil(K/2) labels; new, the others; or all.
enum class ClassSet { base, new_, all };

/// "base", "new" or "all".
std::string_view to_string(ClassSet set);

/// The reverse. Throws Error for any other text.
ClassSet parse_class_set(std::string_view text);

/// The names of a set's classes, by their label within it.
std::vector<std::string> class_names_of(const Split& split, ClassSet set);

/// Those of `images` whose class is in the set, in order, relabelled from 0.
std::vector<Image> subset(const std::vector<Image>& images, const Split& split, ClassSet set);

/// Those images of a draw, the same.
FewShotDraw subset(const FewShotDraw& draw, const Split& split, ClassSet set);

/// The test images of a dataset that some classes are tested on.
struct TestImages {
  std::vector<std::string> class_names;  ///< the K candidates
  std::vector<Image> images;             ///< labels are indices into `class_names`
  int64_t left_out = 0;                  ///< the dataset's other test images
};

/// Those of a set of classes.
TestImages test_images_of(const Split& split, ClassSet set);

/// Those whose class is in a list, which may also hold names that the dataset does not have. Throws Error if
/// there is no such image.
TestImages test_images_of(const Split& split, const std::vector<std::string>& class_names);

}  // namespace promptbed
