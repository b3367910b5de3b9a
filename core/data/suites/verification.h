#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "data/layouts/split.h"
#include "data/suites/dataset_spec.h"

namespace promptbed {

/// What can be wrong with a dataset on a disk.
enum class FindingKind {
  count,          ///< other than the published one
  missing,        ///< a picture that the split names is not there
  unreadable,     ///< no picture, or damaged
  listed_twice,   ///< in the split
  same_contents,  ///< two files of the same bytes
  leaked,         ///< a test image that is also a training image, by its path or by its bytes
};

/// "count", "missing", ...
std::string_view to_string(FindingKind kind);

struct Finding {
  FindingKind kind = FindingKind::count;
  std::string text;  ///< one line
};

/// What looking at a dataset has shown.
struct Verification {
  int64_t classes = 0, train = 0, val = 0, test = 0;
  std::vector<Finding> findings;  ///< none: all is as it should be
};

struct VerifySettings {
  int64_t threads = 1;
  bool read_pictures = true;  ///< otherwise it only looks whether they are there
};

/// Compares a split with the published counts, and looks at every picture that it names. Progress is told on
/// `log`. Throws Interrupted on Ctrl-C.
Verification verify_dataset(const DatasetSpec& spec, const Split& split,
                            const std::filesystem::path& image_folder, const VerifySettings& settings,
                            std::ostream& log);

}  // namespace promptbed
