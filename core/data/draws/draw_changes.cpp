#include "data/draws/draw_changes.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/hash.h"
#include "data/draws/python_random.h"

namespace promptbed {
namespace {

constexpr double kMostImbalance = 1e6;
constexpr std::pair<NoiseKind, std::string_view> kKinds[] = {{NoiseKind::symmetric, "symmetric"},
                                                             {NoiseKind::asymmetric, "asymmetric"}};

/// A generator of its own: what is drawn stays what it is without noise.
PythonRandom generator_of_noise(int64_t seed) {
  const uint64_t key = Hasher().add("label noise").add(seed).low64();
  return PythonRandom(static_cast<int64_t>(key >> 1));  // the sign would be dropped
}

/// Class k's images in a draw of so many classes.
int64_t images_kept(int64_t k, int64_t classes, int64_t shots, double ratio) {
  if (classes < 2) return shots;
  const double place = static_cast<double>(k) / static_cast<double>(classes - 1);
  return std::max<int64_t>(1, std::llround(static_cast<double>(shots) * std::pow(ratio, -place)));
}

void make_unbalanced(std::vector<Image>& images, int64_t classes, int64_t shots, double ratio) {
  std::vector<int64_t> seen(static_cast<size_t>(classes));
  std::erase_if(images, [&](const Image& image) {
    return ++seen[static_cast<size_t>(image.label)] > images_kept(image.label, classes, shots, ratio);
  });
}

int64_t wrong_label(NoiseKind kind, int64_t label, int64_t classes, PythonRandom& random) {
  if (kind == NoiseKind::asymmetric) return (label + 1) % classes;
  const auto other = static_cast<int64_t>(random.below(static_cast<uint32_t>(classes - 1)));
  return other < label ? other : other + 1;
}

std::vector<Flip> flip_labels(std::vector<Image>& images, const std::vector<std::string>& class_names,
                              int64_t seed, const LabelNoise& noise) {
  const auto classes = static_cast<int64_t>(class_names.size());
  if (classes < 2) return {};
  std::vector<std::vector<size_t>> places(class_names.size());
  for (size_t i = 0; i < images.size(); ++i) places[static_cast<size_t>(images[i].label)].push_back(i);
  PythonRandom random = generator_of_noise(seed);
  std::vector<Flip> flips;
  for (const std::vector<size_t>& members : places) {
    if (members.empty()) continue;
    const auto wanted = static_cast<size_t>(std::llround(noise.rate * static_cast<double>(members.size())));
    const size_t wrong = std::min(wanted, members.size() - 1);
    const std::vector<size_t> order = random.shuffled(members.size());
    for (size_t i = 0; i < order.size(); ++i) {
      Image& image = images[members[order[i]]];
      // Drawn for those that keep their labels, too: a higher rate has the same wrong labels.
      const int64_t label = wrong_label(noise.kind, image.label, classes, random);
      if (i >= wrong) continue;
      flips.push_back({members[order[i]], image.label});
      image.label = label;
      image.class_name = class_names[static_cast<size_t>(label)];
    }
  }
  std::ranges::sort(flips, {}, &Flip::place);
  return flips;
}

}  // namespace

std::string to_string(const LabelNoise& noise) {
  for (const auto& [kind, name] : kKinds) {
    if (kind == noise.kind) return fmt::format("{}:{}", name, noise.rate);
  }
  return "";
}

LabelNoise parse_label_noise(std::string_view text, std::string_view where) {
  const size_t colon = std::min(text.find(':'), text.size());
  const std::string_view rate = text.substr(std::min(colon + 1, text.size()));
  for (const auto& [kind, name] : kKinds) {
    if (text.substr(0, colon) != name) continue;
    LabelNoise noise{.kind = kind, .rate = 0};
    const auto [end, fault] = std::from_chars(rate.data(), rate.data() + rate.size(), noise.rate);
    if (fault == std::errc() && end == rate.data() + rate.size() && noise.rate > 0 && noise.rate < 1)
      return noise;
  }
  throw Error(fmt::format(
      "{} {}: give symmetric or asymmetric and a share between 0 and 1, such as symmetric:0.4", where, text));
}

std::string DrawChanges::options() const {
  std::string text = imbalance == 1 ? "" : fmt::format("--imbalance {}", imbalance);
  if (noise) text += fmt::format("{}--label-noise {}", text.empty() ? "" : " ", to_string(*noise));
  return text;
}

void check_imbalance(double ratio, std::string_view where) {
  if (ratio > 1 && ratio <= kMostImbalance) return;
  throw Error(fmt::format("{} {}: give a number above 1, up to {:.0f}", where, ratio, kMostImbalance));
}

std::vector<Flip> change_draw(FewShotDraw& draw, const std::vector<std::string>& class_names, int64_t shots,
                              int64_t seed, const DrawChanges& changes) {
  if (changes.imbalance != 1)
    make_unbalanced(draw.train, static_cast<int64_t>(class_names.size()), shots, changes.imbalance);
  return changes.noise ? flip_labels(draw.train, class_names, seed, *changes.noise) : std::vector<Flip>();
}

}  // namespace promptbed
