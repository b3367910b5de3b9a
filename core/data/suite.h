#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace promptbed {

/// The layouts that a dataset's split can be read from.
enum class SplitKind {
  zhou,      ///< a JSON file of three lists, as CoOp distributes them (split_zhou_*.json)
  imagenet,  ///< folders of classes, and a file of class names by WordNet id
  aircraft,  ///< FGVC-Aircraft's lists by variant
};

/// Where a dataset's split comes from.
struct SplitSource {
  SplitKind kind = SplitKind::zhou;
  std::filesystem::path file;  ///< relative to the dataset's folder
};

/// A dataset as its JSON describes it. Nothing here depends on where a user keeps the pictures.
struct DatasetSpec {
  std::string id;                ///< "oxford_pets"; the name of its JSON file
  std::string title;             ///< "OxfordPets"
  std::filesystem::path folder;  ///< relative to the data root
  std::filesystem::path images;  ///< the image folder, relative to `folder`; "." where they are the same
  SplitSource split;
  std::string prompt_template;                 ///< "a photo of a {}, a type of pet."; holds {} once
  std::string context_init;                    ///< the words that a context starts from
  std::map<std::string, std::string> renames;  ///< class name in the split -> class name to use
  std::string citation;
  std::string source;  ///< where to get it, and under which licence
};

/// A list of datasets that are reported together, and what is embedded with it, so that a sweep over it needs
/// nothing else. What is not embedded is an empty path.
struct Suite {
  std::string id;
  std::string title;
  std::vector<DatasetSpec> datasets;  ///< in the order of the tables

  std::filesystem::path model;  ///< the CLIP that serves where the user names none
  std::filesystem::path
      data;  ///< the data root that serves where the user names none; may be without pictures
  std::filesystem::path
      features;  ///< a sealed file for each dataset: features of all images of `data` by `model`

  /// Throws Error for an unknown id, listing the known ones.
  const DatasetSpec& at(std::string_view dataset) const;
};

/// Reads the suite `folder`/`id`: its suite.json and one JSON a dataset. suite.json holds id, title and
/// datasets in order, and may hold the paths of an embedded model, data and features, relative to its own
/// folder. Throws Error for an unknown id (listing the known ones), and for a file that is not as it has to
/// be.
Suite read_suite(const std::filesystem::path& folder, std::string_view id);

/// All suites of a folder, sorted by id.
std::vector<Suite> read_suites(const std::filesystem::path& folder);

/// The datasets that `words` names, in the suite's order: "all", or ids with commas between. Throws Error for
/// an unknown one, listing the known ones.
std::vector<DatasetSpec> select_datasets(const Suite& suite, std::string_view words);

}  // namespace promptbed
