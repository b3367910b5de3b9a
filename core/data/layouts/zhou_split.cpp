#include <fmt/format.h>
#include <promptbed/error.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "data/layouts/image_list.h"
#include "data/layouts/split_layouts.h"

namespace promptbed {

namespace fs = std::filesystem;

Split read_zhou_split(const fs::path& file) {
  const nlohmann::json json = read_json(file);
  if (!json.is_object())
    throw Error(
        fmt::format("{}: is no split; it has to hold an object of train, val and test", file.string()));
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
