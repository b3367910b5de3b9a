#include "augmentation.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>
#include <numbers>

namespace promptbed::pocket {
namespace {

using Colour = std::array<double, 3>;

constexpr Colour kBlack = {0, 0, 0};
constexpr Colour kWhite = {1, 1, 1};

constexpr double kMostTurn = 10 * std::numbers::pi / 180;
constexpr double kMostShift = 0.1;      // of the side
constexpr double kMostZoom = 1.25;      // and its inverse
constexpr double kCloseUp = 0.15;       // probability of seeing a part only,
constexpr double kMostCloseUp = 2;      // zoomed up to this
constexpr double kOwnColours = 0.6;     // probability of black on white, or of colours on white
constexpr double kLeastContrast = 0.4;  // between the luminance of a drawing and of its ground
constexpr double kLightGround = 0.6;    // least value of a channel of a light ground

double between(double low, double high, std::mt19937_64& random) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

Colour random_colour(double least, std::mt19937_64& random) {
  Colour colour;
  for (double& channel : colour) channel = between(least, 1, random);
  return colour;
}

/// ITU-R BT.601's weights.
double luminance(const Colour& c) {
  return 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2];
}

Tensor as_planes(const Colour& colour) {
  return torch::tensor({colour[0], colour[1], colour[2]}, torch::kFloat).view({3, 1, 1});
}

/// [3, 1, 1]
Tensor per_channel(const std::array<float, 3>& values) {
  return torch::tensor({values[0], values[1], values[2]}, torch::kFloat).view({3, 1, 1});
}

/// The affine map from the rendering's coordinates to the drawing's, both -1 to 1: [1, 2, 3].
Tensor draw_map(std::mt19937_64& random) {
  const double most = std::log(between(0, 1, random) < kCloseUp ? kMostCloseUp : kMostZoom);
  const double zoom = std::exp(between(-std::log(kMostZoom), most, random));
  // Where the drawing is larger than the frame, the frame may lie anywhere on it.
  const double reach = 2 * kMostShift + std::max(0.0, 1 - 1 / zoom);
  const double angle = between(-kMostTurn, kMostTurn, random);
  const double c = std::cos(angle) / zoom, s = std::sin(angle) / zoom;
  const double x = between(-reach, reach, random), y = between(-reach, reach, random);
  return torch::tensor({c, -s, x, s, c, y}, torch::kFloat).view({1, 2, 3});
}

/// Bilinear; empty outside the drawing. planes [C, S, S] -> [C, side, side] in [0, 1]
Tensor sample(const Tensor& planes, const Tensor& map, int64_t side) {
  const Tensor source = planes.to(torch::kFloat).div(255).unsqueeze(0);
  const Tensor grid =
      at::affine_grid_generator(map, {1, source.size(1), side, side}, /*align_corners=*/false);
  return at::grid_sampler(source, grid, /*bilinear*/ 0, /*zeros outside*/ 0, /*align_corners=*/false)
      .squeeze(0);
}

/// Colours multiplied by alpha, so that sampling does not mix in the colour of transparent pixels:
/// [1 or 4, S, S] -> [1 or 4, S, S]
Tensor premultiplied(const Tensor& planes) {
  if (planes.size(0) == 1) return planes;
  const Tensor values = planes.to(torch::kFloat);
  const Tensor alpha = values.narrow(0, 3, 1);
  return at::cat({values.narrow(0, 0, 3) * alpha / 255, alpha});
}

/// A sampled drawing, premultiplied, over a ground; `ink` colours one that has no colours.
Tensor over(const Tensor& drawing, const Colour& ink, const Colour& ground) {
  const Tensor alpha = drawing.narrow(0, drawing.size(0) - 1, 1);
  const Tensor colours = drawing.size(0) == 1 ? alpha * as_planes(ink) : drawing.narrow(0, 0, 3);
  return colours + (1 - alpha) * as_planes(ground);
}

}  // namespace

Tensor draw_rendering(const Tensor& planes, int64_t side, std::mt19937_64& random) {
  const Tensor drawing = sample(premultiplied(planes), draw_map(random), side);
  if (between(0, 1, random) < kOwnColours) return over(drawing, kBlack, kWhite);
  if (planes.size(0) == 4) return over(drawing, kBlack, random_colour(kLightGround, random));
  Colour ink, ground;
  do {
    ink = random_colour(0, random);
    ground = random_colour(0, random);
  } while (std::abs(luminance(ink) - luminance(ground)) < kLeastContrast);
  return over(drawing, ink, ground);
}

Tensor plain_rendering(const Tensor& planes, int64_t side) {
  const Tensor as_it_is = torch::tensor({1, 0, 0, 0, 1, 0}, torch::kFloat).view({1, 2, 3});
  return over(sample(premultiplied(planes), as_it_is, side), kBlack, kWhite);
}

Tensor as_pixels(std::span<const Tensor> renderings, const Preprocessing& preprocessing) {
  return (at::stack(at::TensorList(renderings.data(), renderings.size())) - per_channel(preprocessing.mean)) /
         per_channel(preprocessing.std);
}

}  // namespace promptbed::pocket
