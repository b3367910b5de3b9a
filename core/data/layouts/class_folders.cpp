#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <unordered_map>

#include "data/layouts/layouts.h"
#include "data/layouts/split_making.h"
#include "formats/text_files.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// The names of ImageNet's classes: a file of "n01440764 tench" lines.
class WordNetNames {
 public:
  explicit WordNetNames(const fs::path& file) : file_(file) {
    for (auto& [id, name] : read_word_lines(file)) {
      if (!places_.emplace(id, names_.size()).second)
        throw Error(fmt::format("{}: names class '{}' twice; remove one line", file.string(), id));
      names_.push_back(std::move(name));
    }
  }

  /// In the order of the lines.
  const std::vector<std::string>& in_order() const { return names_; }

  const std::string& at(const std::string& id) const {
    const auto place = places_.find(id);
    if (place == places_.end())
      throw Error(fmt::format("{}: does not name class '{}'; add a line for it", file_.string(), id));
    return names_[place->second];
  }

 private:
  fs::path file_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, size_t> places_;
};

/// A folder of images of one class.
struct ClassFolder {
  std::string path;  ///< relative to the image folder
  int64_t label = 0;
  std::string class_name;
};

std::vector<Image> list_images(const fs::path& images, const std::vector<ClassFolder>& classes,
                               FolderIndex& index) {
  std::vector<Image> list;
  for (const ClassFolder& one : classes) {
    for (const std::string& name : index.list(images / one.path).files)
      list.push_back({one.path + '/' + name, one.label, one.class_name});
  }
  return list;
}

/// The folders <prefix><WordNet id>, labelled in their order.
std::vector<ClassFolder> class_folders(const std::vector<std::string>& ids, const std::string& prefix,
                                       const WordNetNames& names) {
  std::vector<ClassFolder> classes;
  for (const std::string& id : ids)
    classes.push_back({prefix + id, static_cast<int64_t>(classes.size()), names.at(id)});
  return classes;
}

}  // namespace

Split read_imagenet_split(const DatasetSpec& spec, const fs::path& folder, FolderIndex& index) {
  const fs::path images = folder / spec.images;
  const WordNetNames names(folder / spec.split.file);
  const std::vector<std::string> ids = index.list(images / "train").folders;
  Split split;
  split.train = list_images(images, class_folders(ids, "train/", names), index);
  split.test = list_images(images, class_folders(ids, "val/", names), index);
  return split;
}

Split read_imagenetv2_split(const DatasetSpec& spec, const fs::path& folder, FolderIndex& index) {
  const WordNetNames names(folder / spec.split.file);
  std::vector<ClassFolder> classes;
  for (const std::string& name : names.in_order())
    classes.push_back({std::to_string(classes.size()), static_cast<int64_t>(classes.size()), name});
  Split split;
  split.test = list_images(folder / spec.images, classes, index);
  return split;
}

Split read_wordnet_folders_split(const DatasetSpec& spec, const fs::path& folder, FolderIndex& index) {
  const fs::path images = folder / spec.images;
  const WordNetNames names(folder / spec.split.file);
  Split split;
  split.test = list_images(images, class_folders(index.list(images).folders, "", names), index);
  return split;
}

Split split_class_folders(const DatasetSpec& spec, const fs::path& folder, FolderIndex& index) {
  const fs::path images = folder / spec.images;
  std::vector<ClassImages> classes;
  for (const std::string& name : index.list(images).folders) {
    if (std::ranges::find(spec.split.left_out, name) != spec.split.left_out.end()) continue;
    ClassImages members{static_cast<int64_t>(classes.size()), name, {}};
    for (const std::string& file : index.list(images / name).files)
      members.paths.push_back(name + '/' + file);
    classes.push_back(std::move(members));
  }
  return divide_classes(classes);
}

}  // namespace promptbed
