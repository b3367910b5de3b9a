#include <fmt/format.h>
#include <promptbed/error.h>

#include <map>

#include "data/layouts/split_layouts.h"
#include "formats/lines.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

std::vector<Image> read_images(const fs::path& file, const std::map<std::string, int64_t>& labels) {
  std::vector<Image> images;
  for (const auto& [number, variant] : read_word_lines(file)) {
    const auto label = labels.find(variant);
    if (label == labels.end()) {
      throw Error(fmt::format("{}: image {} is of '{}', which the list of variants lacks; mend one of them",
                              file.string(), number, variant));
    }
    images.push_back({number + ".jpg", label->second, variant});
  }
  return images;
}

}  // namespace

Split read_aircraft_split(const DatasetSpec& spec, const fs::path& folder) {
  std::map<std::string, int64_t> labels;
  for (const std::string& variant : read_lines(folder / spec.split.file))
    labels.emplace(variant, static_cast<int64_t>(labels.size()));
  Split split;
  split.train = read_images(folder / "images_variant_train.txt", labels);
  split.val = read_images(folder / "images_variant_val.txt", labels);
  split.test = read_images(folder / "images_variant_test.txt", labels);
  return split;
}

}  // namespace promptbed
