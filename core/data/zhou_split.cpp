#include <fmt/format.h>
#include <promptbed/error.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "data/split_layouts.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

bool is_image(const nlohmann::json& entry) {
  return entry.is_array() && entry.size() == 3 && entry[0].is_string() && entry[1].is_number_integer() &&
         entry[2].is_string();
}

std::vector<Image> read_images(const nlohmann::json& split, const char* list, const fs::path& file) {
  const auto entries = split.find(list);
  if (entries == split.end() || !entries->is_array())
    throw Error(fmt::format("{}: has no list '{}'; a split holds train, val and test", file.string(), list));
  std::vector<Image> images;
  images.reserve(entries->size());
  for (const nlohmann::json& entry : *entries) {
    if (!is_image(entry)) {
      throw Error(fmt::format("{}: entry {} of '{}' is no [\"path\", label, \"class name\"]; mend the file",
                              file.string(), images.size(), list));
    }
    images.push_back({entry[0].get<std::string>(), entry[1].get<int64_t>(), entry[2].get<std::string>()});
  }
  return images;
}

nlohmann::ordered_json to_json(const std::vector<Image>& images) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Image& image : images)
    list.push_back(nlohmann::ordered_json::array({image.path, image.label, image.class_name}));
  return list;
}

}  // namespace

Split read_zhou_split(const fs::path& file) {
  const nlohmann::json json = read_json(file);
  if (!json.is_object())
    throw Error(
        fmt::format("{}: is no split; it has to hold an object of train, val and test", file.string()));
  Split split;
  split.train = read_images(json, "train", file);
  split.val = read_images(json, "val", file);
  split.test = read_images(json, "test", file);
  return split;
}

void write_zhou_split(const fs::path& file, const Split& split) {
  nlohmann::ordered_json json;
  json["train"] = to_json(split.train);
  json["val"] = to_json(split.val);
  json["test"] = to_json(split.test);
  write_file(file, json.dump(/*indent=*/4, ' ', /*ensure_ascii=*/true));
}

}  // namespace promptbed
