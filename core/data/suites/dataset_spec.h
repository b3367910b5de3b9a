#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/pictures/view.h"

namespace promptbed {

/// The layouts that a dataset's split can be read from.
enum class SplitKind {
  zhou,             ///< a JSON file of three lists, as CoOp distributes them (split_zhou_*.json)
  imagenet,         ///< train and val folders of classes, and a file of class names by WordNet id
  imagenetv2,       ///< folders numbered by the line of the class in a file of class names: a test set
  wordnet_folders,  ///< folders of classes, and a file of class names by WordNet id: a test set
  aircraft,         ///< FGVC-Aircraft's lists by variant
  own_classes,      ///< a user's class folders, divided like DTD's
  own_parts,        ///< a user's train, val and test folders of class folders
  own_manifest,     ///< a user's list of paths, classes and parts
};

/// What a missing split file can be made from: the datasets' official layouts.
enum class SplitOrigin {
  none,           ///< the file must be there
  class_folders,  ///< one folder per class (Caltech101, DTD, EuroSAT, Food101)
  pets,           ///< Oxford-IIIT Pet's annotations/trainval.txt and test.txt
  cars,           ///< Stanford Cars' .mat files
  flowers,        ///< 102 Flowers' imagelabels.mat and cat_to_name.json
  sun397,         ///< SUN397's ClassName.txt, Training_01.txt and Testing_01.txt
  ucf101,         ///< UCF101's ucfTrainTestlist
};

/// Where a dataset's split comes from.
struct SplitSource {
  SplitKind kind = SplitKind::zhou;
  std::filesystem::path file = {};  ///< relative to the dataset's folder
  SplitOrigin origin = SplitOrigin::none;
  std::vector<std::string> left_out = {};  ///< folders of the official layout that are not classes
};

/// Class names given by the user: by label, or new names by old ones.
struct GivenNames {
  std::filesystem::path file;  ///< where they come from
  std::vector<std::string> by_label;
  std::map<std::string, std::string> by_name;
};

/// A dataset's size as published. What the publication does not have is absent.
struct PublishedCounts {
  std::optional<int64_t> classes, train, val, test;
};

/// A dataset as its JSON describes it, independent of where a user keeps the images.
struct DatasetSpec {
  std::string id;                ///< "oxford_pets"; the name of its JSON file
  std::string title;             ///< "OxfordPets"
  std::filesystem::path folder;  ///< relative to the data root; absolute for a user's own dataset
  std::filesystem::path images;  ///< the image folder, relative to `folder`; "." if they are the same
  SplitSource split;
  std::string prompt_template;                 ///< "a photo of a {}, a type of pet."; holds {} once
  std::string context_init;                    ///< the words that a context starts from
  CropRange crops = {};                        ///< of training views: the suite's
  std::map<std::string, std::string> renames;  ///< class name in the split -> class name to use
  GivenNames given_names;                      ///< applied after the renames
  std::string citation;
  std::string source;  ///< where to get it, and under which licence
  PublishedCounts published;

  /// Whether it is a user's own, outside of any suite and data root.
  bool is_own() const { return folder.is_absolute(); }
};

/// Reads the JSON of a suite's dataset. Throws Error if it is malformed.
DatasetSpec read_dataset_spec(const std::filesystem::path& file);

/// The template and context words of a dataset whose JSON has none: CoOp's.
inline constexpr std::string_view kDefaultTemplate = "a photo of a {}.";
inline constexpr std::string_view kDefaultContext = "a photo of a";

/// Throws Error unless a template holds {} exactly once; `where` names it: "dtd.json: 'template'".
void check_template_text(std::string_view text, const std::string& where);

/// Describes a user's own images as a dataset. `path` is a manifest of any name (.csv or .jsonl), a split in
/// CoOp's form (.json), or a folder that holds one of these, looked for in this order:
///
///   manifest.csv or manifest.jsonl      a list of images: path, class, and split (train, val or test)
///   split_zhou_*.json                   the same in CoOp's form, and the images in images/ or another folder
///   train/, test/ and optionally val/   class folders in each
///   class folders                       divided 50/20/30 like DTD's
///
/// An optional dataset.json beside them may set id, title, template, context_init, renames, citation and
/// source. The default id is the folder's name (or the file's, for a manifest of another name), the default
/// template "a photo of a {}.".
///
/// Throws Error if there is none of that, or several splits in CoOp's form, or a file is malformed. Opens no
/// image.
DatasetSpec read_own_dataset(const std::filesystem::path& path);

}  // namespace promptbed
