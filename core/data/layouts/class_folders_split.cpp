#include <algorithm>

#include "data/layouts/split_making.h"
#include "data/layouts/split_origins.h"

namespace promptbed {

namespace fs = std::filesystem;

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
