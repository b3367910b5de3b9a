#include "data/layouts/split_making.h"

#include <cmath>
#include <map>
#include <span>
#include <utility>

#include "data/draws/python_random.h"

namespace promptbed {
namespace {

constexpr int64_t kSeed = 1;
constexpr double kTrainShare = 0.5;
constexpr double kValidationShare = 0.2;

/// Python's round(count * share).
size_t share_of(size_t count, double share) {
  return static_cast<size_t>(std::nearbyint(static_cast<double>(count) * share));
}

void append(std::vector<Image>& images, const ClassImages& members, std::span<const size_t> places) {
  for (const size_t place : places)
    images.push_back({members.paths[place], members.label, members.class_name});
}

}  // namespace

Split divide_classes(const std::vector<ClassImages>& classes) {
  PythonRandom random(kSeed);
  Split split;
  for (const ClassImages& members : classes) {
    const size_t count = members.paths.size();
    const std::vector<size_t> order = random.shuffled(count);
    const size_t train = share_of(count, kTrainShare);
    const size_t val = share_of(count, kValidationShare);
    const std::span<const size_t> places(order);
    append(split.train, members, places.first(train));
    append(split.val, members, places.subspan(train, val));
    append(split.test, members, places.subspan(train + val));
  }
  return split;
}

void hold_out_validation(Split& split) {
  std::vector<std::vector<Image>> classes;
  std::map<int64_t, size_t> place_of;
  for (Image& image : split.train) {
    const auto [place, first] = place_of.emplace(image.label, classes.size());
    if (first) classes.emplace_back();
    classes[place->second].push_back(std::move(image));
  }
  split.train.clear();
  PythonRandom random(kSeed);
  for (std::vector<Image>& members : classes) {
    const size_t val = share_of(members.size(), kValidationShare);
    const std::vector<size_t> order = random.shuffled(members.size());
    for (size_t i = 0; i < order.size(); ++i)
      (i < val ? split.val : split.train).push_back(std::move(members[order[i]]));
  }
}

}  // namespace promptbed
