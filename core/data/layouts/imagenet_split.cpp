

#include "data/layouts/split_layouts.h"
#include "data/layouts/wordnet_names.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

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

}  // namespace promptbed
