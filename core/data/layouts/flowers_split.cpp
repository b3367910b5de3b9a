#include <fmt/format.h>

#include <map>

#include "data/layouts/split_making.h"
#include "data/layouts/split_origins.h"
#include "formats/json_object.h"
#include "formats/matlab_file.h"

namespace promptbed {

namespace fs = std::filesystem;

Split split_flowers(const DatasetSpec& spec, const fs::path& folder) {
  const std::vector<int64_t> labels = MatlabFile(folder / "imagelabels.mat").integers("labels");
  JsonObject names = JsonObject::read(folder / "cat_to_name.json");
  std::vector<ClassImages> classes;
  std::map<int64_t, size_t> place_of;
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto [place, first] = place_of.emplace(labels[i], classes.size());
    if (first) classes.push_back({labels[i] - 1, names.text(std::to_string(labels[i])), {}});
    classes[place->second].paths.push_back(fmt::format("image_{:05}.jpg", i + 1));
  }
  return divide_classes(classes);
}

}  // namespace promptbed
