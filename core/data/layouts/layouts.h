#pragma once

#include <filesystem>

#include "data/layouts/folder_index.h"
#include "data/layouts/split.h"

/// The readers behind read_split, one per layout; `folder` is the dataset's. They fill the three lists in the
/// reference's order and leave labels and paths to check_split. Each throws Error if a file is missing or
/// malformed. A split file in Zhou's form is read by zhou_split.h.
namespace promptbed {

// Layouts that a dataset's split is read from.

/// ImageNet: train/<WordNet id>/ and val/<WordNet id>/ (the test images) in the image folder, and a file of
/// "<WordNet id> class name" lines. Labels follow the sorted ids, images their sorted names. There are no
/// validation images: the reference uses the test images, which would leak them.
Split read_imagenet_split(const DatasetSpec& spec, const std::filesystem::path& folder, FolderIndex& index);

/// ImageNetV2, a test set: folders 0, 1, ... in the image folder, numbered by the lines of the file of class
/// names.
Split read_imagenetv2_split(const DatasetSpec& spec, const std::filesystem::path& folder, FolderIndex& index);

/// ImageNet-Sketch, -A and -R, test sets: <WordNet id>/ in the image folder, and the file of class names,
/// which may name more. Labels follow the sorted folders.
Split read_wordnet_folders_split(const DatasetSpec& spec, const std::filesystem::path& folder,
                                 FolderIndex& index);

/// FGVC-Aircraft's lists of training, validation and test images, lines of "number variant".
inline constexpr const char* kAircraftLists[] = {"images_variant_train.txt", "images_variant_val.txt",
                                                 "images_variant_test.txt"};

/// FGVC-Aircraft: a file of the variants, one per line in label order, and beside it those lists.
Split read_aircraft_split(const DatasetSpec& spec, const std::filesystem::path& folder);

// Official layouts that a missing split file is made from, as the reference makes it with seed 1.

/// One folder per class in the image folder, sorted by name, except those left out; divided 50/20/30. Class
/// names are the folders'; the dataset's renames come later.
Split split_class_folders(const DatasetSpec& spec, const std::filesystem::path& folder, FolderIndex& index);

/// annotations/trainval.txt and annotations/test.txt of "Great_Pyrenees_17 16 2 6" lines: the file's stem and
/// the label from 1. The class name is the stem without its number, in lower case.
Split split_pets(const DatasetSpec& spec, const std::filesystem::path& folder);

/// devkit/cars_train_annos.mat, cars_test_annos_withlabels.mat and devkit/cars_meta.mat. The year moves to
/// the front of the class name: "2012 Audi TTS Coupe".
Split split_cars(const DatasetSpec& spec, const std::filesystem::path& folder);

/// imagelabels.mat, the labels (from 1) of jpg/image_00001.jpg onwards, and cat_to_name.json, names by label;
/// divided 50/20/30, classes in order of first appearance.
Split split_flowers(const DatasetSpec& spec, const std::filesystem::path& folder);

/// ClassName.txt of "/b/bakery/shop" lines in label order, Training_01.txt and Testing_01.txt of
/// "/b/bakery/shop/sun_aaa.jpg" lines. The class name is the path behind the letter, reversed: "shop bakery".
Split split_sun397(const DatasetSpec& spec, const std::filesystem::path& folder);

/// ucfTrainTestlist/classInd.txt of "1 ApplyEyeMakeup" lines, trainlist01.txt and testlist01.txt of
/// "ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi" lines. Class name and folder of the frame:
/// "Apply_Eye_Makeup".
Split split_ucf101(const DatasetSpec& spec, const std::filesystem::path& folder);

// A user's own images (read_own_dataset). Labels follow the sorted class names. In folders, files count if
// their names end like an image's (is_image_name); a note says how many others there are.

/// Class folders, divided 50/20/30 like DTD's. Throws Error for a class of fewer than four images.
Split read_own_classes_split(const std::filesystem::path& folder, FolderIndex& index);

/// train, val and test folders of class folders (part_named). A class may be missing in some. Throws Error if
/// two folders hold the same part.
Split read_own_parts_split(const std::filesystem::path& folder, FolderIndex& index);

/// A list of images, CSV with a heading or JSON lines: path (relative to the manifest's folder), class, and
/// split: train, val or test. Other columns are ignored. Errors name the line.
Split read_own_manifest_split(const std::filesystem::path& file);

}  // namespace promptbed
