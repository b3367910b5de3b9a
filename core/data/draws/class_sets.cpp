#include "data/draws/class_sets.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <array>
#include <cstdlib>
#include <map>
#include <utility>

namespace promptbed {
namespace {

constexpr std::array<std::pair<ClassSet, std::string_view>, 3> kNames = {
    {{ClassSet::base, "base"}, {ClassSet::new_, "new"}, {ClassSet::all, "all"}}};

/// Labels first <= label < last.
struct LabelRange {
  int64_t first;
  int64_t last;
};

LabelRange labels_of(const Split& split, ClassSet set) {
  const auto count = static_cast<int64_t>(split.class_names.size());
  const int64_t middle = (count + 1) / 2;
  return {set == ClassSet::new_ ? middle : 0, set == ClassSet::base ? middle : count};
}

TestImages counted(TestImages tested, const Split& split) {
  tested.left_out = static_cast<int64_t>(split.test.size() - tested.images.size());
  return tested;
}

}  // namespace

std::string_view to_string(ClassSet set) {
  for (const auto& [known, name] : kNames) {
    if (known == set) return name;
  }
  std::abort();
}

ClassSet parse_class_set(std::string_view text) {
  for (const auto& [set, name] : kNames) {
    if (name == text) return set;
  }
  throw Error(fmt::format("'{}' is not a set of classes; known: base, new, all", text));
}

std::vector<std::string> class_names_of(const Split& split, ClassSet set) {
  const LabelRange labels = labels_of(split, set);
  return {split.class_names.begin() + labels.first, split.class_names.begin() + labels.last};
}

std::vector<Image> subset(const std::vector<Image>& images, const Split& split, ClassSet set) {
  const LabelRange labels = labels_of(split, set);
  std::vector<Image> members;
  for (const Image& image : images) {
    if (image.label < labels.first || image.label >= labels.last) continue;
    members.push_back(image);
    members.back().label -= labels.first;
  }
  return members;
}

FewShotDraw subset(const FewShotDraw& draw, const Split& split, ClassSet set) {
  return {subset(draw.train, split, set), subset(draw.val, split, set)};
}

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
        "no test image belongs to any of the {} classes, first '{}'; `runner datasets show` lists the names",
        class_names.size(), class_names.front()));
  }
  return counted(std::move(tested), split);
}

}  // namespace promptbed
