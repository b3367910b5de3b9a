#include "data/layouts/image_list.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <nlohmann/json.hpp>

namespace promptbed {
namespace {

namespace fs = std::filesystem;

bool is_image(const nlohmann::json& entry) {
  return entry.is_array() && entry.size() == 3 && entry[0].is_string() && entry[1].is_number_integer() &&
         entry[2].is_string();
}

}  // namespace

std::vector<Image> read_image_list(const nlohmann::json& json, const char* key, const fs::path& file) {
  const auto entries = json.find(key);
  if (entries == json.end() || !entries->is_array())
    throw Error(fmt::format("{}: has no list '{}'; it has to hold train, val and test", file.string(), key));
  std::vector<Image> images;
  images.reserve(entries->size());
  for (const nlohmann::json& entry : *entries) {
    if (!is_image(entry)) {
      throw Error(fmt::format("{}: entry {} of '{}' is no [\"path\", label, \"class name\"]; mend the file",
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

}  // namespace promptbed
