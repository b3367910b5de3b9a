#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "data/lines.h"
#include "data/split_layouts.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// The names in a folder, sorted; hidden ones are left out.
std::vector<std::string> names_in(const fs::path& folder) {
  std::error_code failure;
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with('.')) names.push_back(name);
  }
  if (failure) {
    throw Error(fmt::format("{}: cannot be listed ({}); put ImageNet's folders of classes there",
                            folder.string(), failure.message()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// What is known of the class of a WordNet id.
struct Synset {
  int64_t label;
  std::string class_name;
};

std::map<std::string, Synset> read_synsets(const fs::path& class_names, const fs::path& train) {
  std::map<std::string, std::string> names;
  for (const auto& [id, name] : read_word_lines(class_names)) names.emplace(id, name);
  std::map<std::string, Synset> synsets;
  for (const std::string& id : names_in(train)) {
    const auto name = names.find(id);
    if (name == names.end())
      throw Error(fmt::format("{}: does not name class '{}'; add a line for it", class_names.string(), id));
    synsets.emplace(id, Synset{static_cast<int64_t>(synsets.size()), name->second});
  }
  return synsets;
}

std::vector<Image> list_images(const fs::path& images, const char* part,
                               const std::map<std::string, Synset>& synsets) {
  std::vector<Image> list;
  for (const auto& [id, synset] : synsets) {
    for (const std::string& name : names_in(images / part / id))
      list.push_back({fmt::format("{}/{}/{}", part, id, name), synset.label, synset.class_name});
  }
  return list;
}

}  // namespace

Split read_imagenet_split(const DatasetSpec& spec, const fs::path& folder) {
  const fs::path images = folder / spec.images;
  const std::map<std::string, Synset> synsets = read_synsets(folder / spec.split.file, images / "train");
  Split split;
  split.train = list_images(images, "train", synsets);
  split.test = list_images(images, "val", synsets);
  return split;
}

}  // namespace promptbed
