#pragma once

#include <filesystem>

#include "data/layouts/folder_index.h"
#include "data/layouts/split.h"

namespace promptbed {

/// The readers of a user's own pictures, one a layout (own_dataset.h). Labels follow the sorted class names.
/// In folders the files count whose name ends as a picture's does (jpg, jpeg, png, webp, bmp); a note tells
/// of others. Each throws Error where something is not as it has to be.

/// Class folders, divided 50/20/30 as DTD's. Throws Error for a class of less than four pictures.
Split read_own_classes_split(const std::filesystem::path& folder, FolderIndex& index);

/// train, val and test folders of class folders; a class may be missing in some.
Split read_own_parts_split(const std::filesystem::path& folder, FolderIndex& index);

/// A list of pictures, CSV with a heading or JSON lines: path (from the manifest's folder), class, and split:
/// train, val or test. Other columns may be there. Errors tell the line.
Split read_own_manifest_split(const std::filesystem::path& file);

}  // namespace promptbed
