#include "data/draws/draw_file.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "data/draws/drawn_images.h"
#include "data/layouts/image_list.h"

namespace promptbed {

namespace fs = std::filesystem;

std::string draw_text(const StoredDraw& draw) {
  nlohmann::ordered_json json = {{"dataset", draw.dataset}, {"shots", draw.shots}, {"seed", draw.seed}};
  json["train"] = image_list(draw.draw.train);
  json["val"] = image_list(draw.draw.val);
  return json.dump(/*indent=*/1) + '\n';
}

StoredDraw read_draw(const fs::path& file) {
  const nlohmann::json json = read_json(file);
  const auto has = [&](const char* key, auto right) { return json.contains(key) && right(json[key]); };
  const auto is_count = [](const nlohmann::json& value) { return value.is_number_unsigned(); };
  if (!json.is_object() || !has("dataset", [](const auto& value) { return value.is_string(); }) ||
      !has("shots", is_count) || !has("seed", is_count)) {
    throw Error(
        fmt::format("{}: is no draw; runner datasets draw and import-draw write such files", file.string()));
  }
  StoredDraw draw;
  json["dataset"].get_to(draw.dataset);
  json["shots"].get_to(draw.shots);
  json["seed"].get_to(draw.seed);
  draw.draw.train = read_image_list(json, "train", file);
  draw.draw.val = read_image_list(json, "val", file);
  return draw;
}

FewShotDraw find_drawn_images(const FewShotDraw& draw, const Split& split, const fs::path& file) {
  FewShotDraw found;
  DrawnImages train(split.train, "training", file), val(split.val, "validation", file);
  for (const Image& image : draw.train) found.train.push_back(train.take(image.path));
  for (const Image& image : draw.val) found.val.push_back(val.take(image.path));
  check_drawn_classes(found.train, split, file);
  return found;
}

}  // namespace promptbed
