#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "data/draws/few_shot.h"
#include "data/layouts/split.h"

namespace promptbed {

/// A few-shot draw that was written down: of all of a dataset's classes, for so many shots and a seed.
struct StoredDraw {
  std::string dataset;  ///< its id
  int64_t shots = 0;
  int64_t seed = 0;
  FewShotDraw draw;
};

/// {"dataset": "dtd", "shots": 16, "seed": 1, "train": [["path", label, "class name"], ...], "val": [...]}.
std::string draw_text(const StoredDraw& draw);

/// The reverse. Throws Error for a file that is not like that.
StoredDraw read_draw(const std::filesystem::path& file);

/// The split's images that a draw names by their paths, in its order. Throws Error naming `file` for a path
/// that is none of a training or validation image, or is there twice, and for a class without a training
/// image.
FewShotDraw find_drawn_images(const FewShotDraw& draw, const Split& split, const std::filesystem::path& file);

}  // namespace promptbed
