#pragma once

#include <filesystem>

#include "data/layouts/folder_index.h"
#include "data/layouts/split.h"

namespace promptbed {

/// What a missing split file is made from, one function an official layout: the split that the reference
/// makes with seed 1 (split_making.h). Each throws Error where a file is missing or is not as it has to be;
/// `folder` is the dataset's.

/// One folder a class in the image folder, sorted by name, without those that are no classes; divided
/// 50/20/30. Class names are the folders'; the dataset's renames come later.
Split split_class_folders(const DatasetSpec& spec, const std::filesystem::path& folder, FolderIndex& index);

/// annotations/trainval.txt and annotations/test.txt of "Great_Pyrenees_17 16 2 6" lines: the file's stem and
/// the label from 1 up. The class name is the stem without its number, in lower case.
Split split_pets(const DatasetSpec& spec, const std::filesystem::path& folder);

/// devkit/cars_train_annos.mat, cars_test_annos_withlabels.mat and devkit/cars_meta.mat. The year moves to
/// the front of the class name: "2012 Audi TTS Coupe".
Split split_cars(const DatasetSpec& spec, const std::filesystem::path& folder);

/// imagelabels.mat, the label of jpg/image_00001.jpg and on from 1 up, and cat_to_name.json, names by label;
/// divided 50/20/30, classes in order of first appearance.
Split split_flowers(const DatasetSpec& spec, const std::filesystem::path& folder);

/// ClassName.txt of "/b/bakery/shop" lines in the order of the labels, Training_01.txt and Testing_01.txt of
/// "/b/bakery/shop/sun_aaa.jpg" lines. The class name is the path's parts after the letter, last one first:
/// "shop bakery".
Split split_sun397(const DatasetSpec& spec, const std::filesystem::path& folder);

/// ucfTrainTestlist/classInd.txt of "1 ApplyEyeMakeup" lines, trainlist01.txt and testlist01.txt of
/// "ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi" lines. Class and folder of the frame are the name's words:
/// "Apply_Eye_Makeup".
Split split_ucf101(const DatasetSpec& spec, const std::filesystem::path& folder);

}  // namespace promptbed
