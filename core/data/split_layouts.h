#pragma once

#include <filesystem>

#include "data/split.h"

namespace promptbed {

/// The readers behind read_split, one a layout. They fill the three lists, in the reference's order, and
/// leave it to read_split to check labels and paths. Each throws Error where a file is missing or is not as
/// it has to be; `folder` is the dataset's.

/// {"train": [["path", label, "class name"], ...], "val": [...], "test": [...]}.
Split read_zhou_split(const DatasetSpec& spec, const std::filesystem::path& folder);

}  // namespace promptbed
