#pragma once

#include <filesystem>

#include "data/layouts/folder_index.h"
#include "data/layouts/split.h"

namespace promptbed {

/// The readers behind read_split, one a layout. They fill the three lists, in the reference's order, and
/// leave it to read_split to check labels and paths. Each throws Error where a file is missing or is not as
/// it has to be; `folder` is the dataset's.

/// {"train": [["path", label, "class name"], ...], "val": [...], "test": [...]}.
Split read_zhou_split(const std::filesystem::path& file);

/// Writes a split in that form, with the bytes that the reference writes. Throws Error where it cannot.
void write_zhou_split(const std::filesystem::path& file, const Split& split);

/// ImageNet's folders: train/<WordNet id>/ and val/<WordNet id>/ (the test images) in the image folder, and a
/// file of "<WordNet id> class name" lines. Labels follow the sorted ids, images their sorted names. There
/// are no validation images: the reference takes the test images for them, which would give them away.
Split read_imagenet_split(const DatasetSpec& spec, const std::filesystem::path& folder, FolderIndex& index);

/// ImageNetV2's: folders 0, 1, ... in the image folder, by the lines of the file of class names. A test set.
Split read_imagenetv2_split(const DatasetSpec& spec, const std::filesystem::path& folder, FolderIndex& index);

/// ImageNet-Sketch's, -A's and -R's: <WordNet id>/ in the image folder, and the file of class names, which
/// may name more. Labels follow the sorted folders that are there. A test set.
Split read_wordnet_folders_split(const DatasetSpec& spec, const std::filesystem::path& folder,
                                 FolderIndex& index);

/// FGVC-Aircraft's lists: a file of the variants, one a line in the order of their labels, and beside it
/// images_variant_train.txt, _val.txt and _test.txt of "number variant" lines.
Split read_aircraft_split(const DatasetSpec& spec, const std::filesystem::path& folder);

}  // namespace promptbed
