#include "data/draws/few_shot.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"
#include "data/draws/python_random.h"

namespace promptbed {
namespace {

/// The images of each class, classes in order of first appearance.
std::vector<std::vector<const Image*>> by_class(const std::vector<Image>& images) {
  std::vector<std::vector<const Image*>> classes;
  std::unordered_map<int64_t, size_t> places;
  for (const Image& image : images) {
    const auto [place, first] = places.emplace(image.label, classes.size());
    if (first) classes.emplace_back();
    classes[place->second].push_back(&image);
  }
  return classes;
}

std::vector<Image> draw(const std::vector<Image>& images, int64_t shots, PythonRandom& random) {
  const auto count = static_cast<size_t>(shots);
  std::vector<Image> drawn;
  for (const std::vector<const Image*>& members : by_class(images)) {
    if (members.size() < count) {
      for (const Image* image : members) drawn.push_back(*image);
    } else {
      for (const size_t place : random.sample(members.size(), count)) drawn.push_back(*members[place]);
    }
  }
  return drawn;
}

/// Those of `images` that are not among the drawn ones.
std::vector<Image> without(const std::vector<Image>& drawn, const std::vector<Image>& images) {
  std::unordered_set<std::string_view> paths;
  for (const Image& image : drawn) paths.insert(image.path);
  std::vector<Image> others;
  std::ranges::copy_if(images, std::back_inserter(others),
                       [&](const Image& image) { return !paths.contains(image.path); });
  return others;
}

}  // namespace

std::string FewShotDraw::hash() const {
  Hasher hasher;
  for (const std::vector<Image>* images : {&train, &val}) {
    for (const Image& image : *images) hasher.add(image.path).add(image.label);
  }
  return hasher.hex();
}

FewShotDraw draw_few_shot(const Split& split, int64_t shots, int64_t seed, ValidationSource source) {
  PythonRandom random(seed);
  FewShotDraw result;
  result.train = draw(split.train, shots, random);
  const int64_t val_shots = std::min(shots, kMostValidationShots);
  result.val = source == ValidationSource::training
                   ? draw(without(result.train, split.train), val_shots, random)
                   : draw(split.val, val_shots, random);
  return result;
}

}  // namespace promptbed
