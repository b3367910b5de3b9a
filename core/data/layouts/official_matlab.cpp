#include <fmt/format.h>
#include <promptbed/error.h>

#include <map>

#include "data/layouts/layouts.h"
#include "data/layouts/split_making.h"
#include "formats/json_object.h"
#include "formats/matlab_file.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// "Audi TTS Coupe 2012" -> "2012 Audi TTS Coupe".
std::string year_first(const std::string& name) {
  const size_t blank = name.rfind(' ');
  if (blank == std::string::npos) return name;
  return name.substr(blank + 1) + ' ' + name.substr(0, blank);
}

std::vector<Image> read_car_annotations(const fs::path& file, const std::string& image_folder,
                                        const std::vector<std::string>& class_names) {
  const MatlabFile annotations(file);
  const std::vector<std::string> names = annotations.texts("annotations", "fname");
  const std::vector<int64_t> labels = annotations.integers("annotations", "class");
  std::vector<Image> images;
  for (size_t i = 0; i < names.size(); ++i) {
    if (labels[i] < 1 || labels[i] > static_cast<int64_t>(class_names.size())) {
      throw Error(fmt::format("{}: {} has class {}, out of 1 to {}; put the original file there",
                              file.string(), names[i], labels[i], class_names.size()));
    }
    const int64_t label = labels[i] - 1;
    images.push_back({image_folder + names[i], label, class_names[static_cast<size_t>(label)]});
  }
  return images;
}

}  // namespace

Split split_cars(const DatasetSpec&, const fs::path& folder) {
  std::vector<std::string> names = MatlabFile(folder / "devkit/cars_meta.mat").texts("class_names");
  for (std::string& name : names) name = year_first(name);
  Split split;
  split.train = read_car_annotations(folder / "devkit/cars_train_annos.mat", "cars_train/", names);
  split.test = read_car_annotations(folder / "cars_test_annos_withlabels.mat", "cars_test/", names);
  hold_out_validation(split);
  return split;
}

Split split_flowers(const DatasetSpec&, const fs::path& folder) {
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
