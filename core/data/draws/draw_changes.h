#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/draws/few_shot.h"

/// Draws that are harder to learn from than what was drawn: with wrong labels, or with few images of some
/// classes. Validation and test images stay as they are.
namespace promptbed {

/// What a wrong label is, as in Patrini et al. (arXiv 1609.03683) and Han et al. (arXiv 1804.06872).
enum class NoiseKind {
  symmetric,   ///< any other class, each as likely
  asymmetric,  ///< the next class; that of the last is the first
};

/// Wrong labels among training images.
struct LabelNoise {
  NoiseKind kind = NoiseKind::symmetric;
  double rate = 0.5;  ///< the share of each class's images, above 0 and below 1

  bool operator==(const LabelNoise&) const = default;
};

/// As it is typed after --label-noise: "symmetric:0.4".
std::string to_string(const LabelNoise& noise);

/// The reverse. Throws Error, which begins with `where`, for other text.
LabelNoise parse_label_noise(std::string_view text, std::string_view where);

/// How a draw is changed.
struct DrawChanges {
  std::optional<LabelNoise> noise = {};
  double imbalance = 1;  ///< images of the first class over those of the last; 1: as many of each

  bool operator==(const DrawChanges&) const = default;

  /// As they are typed, "" if there are none: "--imbalance 10 --label-noise symmetric:0.4".
  std::string options() const;
};

/// Throws Error, which begins with `where`, unless a ratio is a number above 1 that is not absurd.
void check_imbalance(double ratio, std::string_view where);

/// A training image whose label was changed.
struct Flip {
  size_t place = 0;   ///< in the draw's training images
  int64_t label = 0;  ///< its own
};

/// Changes the training images of a draw whose labels are those of K classes: the images first, then labels
/// of those that are left. What is kept and what is flipped depends on the draw and the seed alone. Returns
/// what was flipped.
///
/// Of class k in label order, the first max(1, round(shots r^(-k / (K - 1)))) images are kept: the
/// exponential profile of Cui et al. (arXiv 1901.05555) for a ratio r. Of each class's n images,
/// round(rate n) get a wrong label, but at least one keeps its own; a higher rate flips the same images to
/// the same labels, and more.
std::vector<Flip> change_draw(FewShotDraw& draw, const std::vector<std::string>& class_names, int64_t shots,
                              int64_t seed, const DrawChanges& changes);

}  // namespace promptbed
