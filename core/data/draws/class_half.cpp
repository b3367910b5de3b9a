#include "data/draws/class_half.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <array>
#include <cstdlib>
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
  throw Error(fmt::format("'{}' is no set of classes; known are base, new, all", text));
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

}  // namespace promptbed
