#include "data/draws/test_images.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <map>

namespace promptbed {
namespace {

TestImages counted(TestImages tested, const Split& split) {
  tested.left_out = static_cast<int64_t>(split.test.size() - tested.images.size());
  return tested;
}

}  // namespace

TestImages test_images_of(const Split& split, ClassSet set) {
  return counted({class_names_of(split, set), subset(split.test, split, set)}, split);
}

TestImages test_images_of(const Split& split, const std::vector<std::string>& class_names) {
  std::map<std::string, int64_t> labels;
  for (const std::string& name : class_names) labels.emplace(name, static_cast<int64_t>(labels.size()));
  TestImages tested{class_names, {}};
  for (const Image& image : split.test) {
    const auto found = labels.find(image.class_name);
    if (found == labels.end()) continue;
    tested.images.push_back(image);
    tested.images.back().label = found->second;
  }
  if (tested.images.empty()) {
    throw Error(fmt::format(
        "no test image is of one of the {} classes, first '{}'; runner datasets show lists the names",
        class_names.size(), class_names.front()));
  }
  return counted(std::move(tested), split);
}

}  // namespace promptbed
