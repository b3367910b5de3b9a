#include "data/layouts/zhou_split.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/json.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

bool is_image(const nlohmann::json& entry) {
  return entry.is_array() && entry.size() == 3 && entry[0].is_string() && whole_number(entry[1]) &&
         entry[2].is_string();
}

}  // namespace

std::vector<Image> read_image_list(const nlohmann::json& json, const char* key, const fs::path& file) {
  const auto entries = json.find(key);
  if (entries == json.end() || !entries->is_array())
    throw Error(fmt::format("{}: has no list '{}'; it must hold train, val and test", file.string(), key));
  std::vector<Image> images;
  images.reserve(entries->size());
  for (const nlohmann::json& entry : *entries) {
    if (!is_image(entry)) {
      throw Error(fmt::format("{}: entry {} of '{}' is not [\"path\", label, \"class name\"]; fix the file",
                              file.string(), images.size(), key));
    }
    images.push_back({entry[0].get<std::string>(), entry[1].get<int64_t>(), entry[2].get<std::string>()});
  }
  return images;
}

nlohmann::ordered_json image_list(const std::vector<Image>& images) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Image& image : images)
    list.push_back(nlohmann::ordered_json::array({image.path, image.label, image.class_name}));
  return list;
}

Split read_zhou_split(const fs::path& file) {
  const nlohmann::json json = read_json(file);
  if (!json.is_object())
    throw Error(
        fmt::format("{}: is not a split; it must hold an object of train, val and test", file.string()));
  Split split;
  split.train = read_image_list(json, "train", file);
  split.val = read_image_list(json, "val", file);
  split.test = read_image_list(json, "test", file);
  return split;
}

void write_zhou_split(const fs::path& file, const Split& split) {
  nlohmann::ordered_json json;
  json["train"] = image_list(split.train);
  json["val"] = image_list(split.val);
  json["test"] = image_list(split.test);
  write_file(file, json.dump(/*indent=*/4, ' ', /*ensure_ascii=*/true));
}

}  // namespace promptbed
