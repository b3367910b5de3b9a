#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "data/layouts/split.h"
#include "data/pictures/image_files.h"
#include "data/suites/dataset_spec.h"

namespace promptbed {

/// What can be wrong with a dataset on disk.
enum class FindingKind {
  count,          ///< differs from the published one
  missing,        ///< an image of the split is not there
  unreadable,     ///< not an image, or damaged
  listed_twice,   ///< twice in the split
  same_contents,  ///< two files have the same bytes
  leaked,         ///< a test image is also a training image, by path or by bytes
};

/// "count", "missing", ...
std::string_view to_string(FindingKind kind);

struct Finding {
  FindingKind kind = FindingKind::count;
  std::string text;  ///< one line
};

/// The result of verifying a dataset.
struct Verification {
  int64_t classes = 0, train = 0, val = 0, test = 0;
  std::vector<Finding> findings;  ///< none: all in order
};

struct VerifySettings {
  int64_t threads = 1;
  bool read_images = true;  ///< false: only check that they exist
};

/// Compares a split with the published counts and checks every image that it lists. Shows progress on `log`.
/// Throws Interrupted on Ctrl-C.
Verification verify_dataset(const DatasetSpec& spec, const Split& split, const ImageFiles& files,
                            const VerifySettings& settings, std::ostream& log);

}  // namespace promptbed
