#include "data/pictures/contact_sheet.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/signals.h"
#include "data/pictures/codecs.h"
#include "data/pictures/resize.h"

namespace promptbed {
namespace {

constexpr int kSide = 64;  ///< of a square, in pixels
constexpr int kGap = 2;    ///< between squares
constexpr int kColumnGap = 12;
constexpr uint8_t kBackground = 255;

Picture square_of(const Picture& picture) {
  const int side = std::min(picture.width, picture.height);
  return resize(picture, {(picture.width - side) / 2, (picture.height - side) / 2, side, side},
                {kSide, kSide});
}

void paste(const Picture& square, Picture& sheet, int left, int top) {
  for (int y = 0; y < square.height; ++y)
    std::copy_n(square.row(y), 3 * square.width, sheet.row(top + y) + 3 * left);
}

}  // namespace

Picture contact_sheet(const std::vector<std::vector<std::string>>& classes, const ImageFiles& files) {
  size_t most = 1;
  for (const auto& images : classes) most = std::max(most, images.size());
  const auto count = static_cast<int>(classes.size());
  const int width = static_cast<int>(most) * (kSide + kGap) + kColumnGap;
  // Roughly square.
  const int columns = std::max(1, static_cast<int>(std::sqrt(static_cast<double>(count) * kSide / width)));
  const int rows = (count + columns - 1) / columns;
  Picture sheet = blank_picture(int64_t{columns} * width, int64_t{rows} * (kSide + kGap));
  std::ranges::fill(sheet.rgb, kBackground);
  for (int place = 0; place < count; ++place) {
    check_interrupt();
    int left = place / rows * width;
    for (const std::string& image : classes[static_cast<size_t>(place)]) {
      paste(square_of(decode_picture(files, image)), sheet, left, place % rows * (kSide + kGap));
      left += kSide + kGap;
    }
  }
  return sheet;
}

}  // namespace promptbed
