#pragma once

#include <filesystem>

#include "data/layouts/split.h"

namespace promptbed {

/// Fills in the class names of a split whose three lists have been read, and adds a note where several
/// classes share a name. Throws Error naming `file`, for a path that leaves the image folder, for labels with
/// holes or with two names, and for a class without test images or, where others have them, without training
/// images.
void check_split(Split& split, const std::filesystem::path& file);

/// Adds a note where several classes share a name, as some of ImageNet's do.
void note_shared_names(Split& split, const std::filesystem::path& file);

}  // namespace promptbed
