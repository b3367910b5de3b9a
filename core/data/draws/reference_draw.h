#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/draws/few_shot.h"
#include "data/layouts/split.h"

namespace promptbed {

/// A draw that the reference has cached (split_fewshot/shot_16-seed_1.pkl): paths as they were on its
/// machine.
struct ReferenceDraw {
  std::vector<std::string> train, val;
  std::optional<int64_t> shots, seed;  ///< where the file's name tells them
};

/// Reads it as data: nothing in the file is executed. Throws Error for a file that is no such pickle.
ReferenceDraw read_reference_draw(const std::filesystem::path& file);

/// The split's images whose paths end those of the draw, in its order. Where the split has no validation
/// images (ImageNet, for which the reference takes test images) those are left out. Throws Error naming
/// `file` for an image that the split does not have, and for a class without a training image.
FewShotDraw find_reference_images(const ReferenceDraw& draw, const Split& split,
                                  const std::filesystem::path& file);

}  // namespace promptbed
