#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace promptbed {

class JsonObject;

/// The layouts that a dataset's split can be read from.
enum class SplitKind {
  zhou,             ///< a JSON file of three lists, as CoOp distributes them (split_zhou_*.json)
  imagenet,         ///< train and val folders of classes, and a file of class names by WordNet id
  imagenetv2,       ///< folders numbered by the line of the class in a file of class names: a test set
  wordnet_folders,  ///< folders of classes, and a file of class names by WordNet id: a test set
  aircraft,         ///< FGVC-Aircraft's lists by variant
  own_classes,      ///< a user's class folders, divided as DTD's
  own_parts,        ///< a user's train, val and test folders of class folders
  own_manifest,     ///< a user's list of paths, classes and parts
};

/// What a split file that is missing can be made from: the official layouts of the datasets.
enum class SplitOrigin {
  none,           ///< it has to be there
  class_folders,  ///< one folder a class (Caltech101, DTD, EuroSAT, Food101)
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
  std::vector<std::string> left_out = {};  ///< class folders of the official layout that are no classes
};

/// Names that the user wants classes to have, by label or in place of the names that they have.
struct GivenNames {
  std::filesystem::path file;  ///< where they stand
  std::vector<std::string> by_label;
  std::map<std::string, std::string> by_name;
};

/// How large a dataset is by its publication. What a publication does not have is absent.
struct PublishedCounts {
  std::optional<int64_t> classes, train, val, test;
};

/// A dataset as its JSON describes it. Nothing here depends on where a user keeps the pictures.
struct DatasetSpec {
  std::string id;                ///< "oxford_pets"; the name of its JSON file
  std::string title;             ///< "OxfordPets"
  std::filesystem::path folder;  ///< relative to the data root; a user's own is absolute
  std::filesystem::path images;  ///< the image folder, relative to `folder`; "." where they are the same
  SplitSource split;
  std::string prompt_template;                 ///< "a photo of a {}, a type of pet."; holds {} once
  std::string context_init;                    ///< the words that a context starts from
  std::map<std::string, std::string> renames;  ///< class name in the split -> class name to use
  GivenNames given_names;                      ///< come after the renames
  std::string citation;
  std::string source;  ///< where to get it, and under which licence
  PublishedCounts published;

  /// Whether it is a user's own, without a suite and a place below the data root.
  bool is_own() const { return folder.is_absolute(); }
};

/// Reads the JSON of a suite's dataset. Throws Error for a file that is not as it has to be.
DatasetSpec read_dataset_spec(const std::filesystem::path& file);

}  // namespace promptbed
