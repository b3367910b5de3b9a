#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/draws/draw_changes.h"
#include "data/draws/few_shot.h"
#include "data/layouts/split.h"

namespace promptbed {

/// A few-shot draw from the classes of a dataset, as a file records it.
struct StoredDraw {
  std::string dataset;  ///< its id
  int64_t shots = 0;
  int64_t seed = 0;
  FewShotDraw draw;
  DrawChanges changes = {};      ///< that were made to it
  std::vector<Flip> flips = {};  ///< training images with a wrong label; not read back
};

/// {"dataset": "dtd", "shots": 16, "seed": 1, "train": [["path", label, "class name"], ...], "val": [...]}. A
/// changed draw has "imbalance" and "label_noise", too, and the images with a wrong label and their own one:
/// "flipped": [["path", label], ...].
std::string draw_text(const StoredDraw& draw);

/// The reverse. Throws Error for a malformed file.
StoredDraw read_draw(const std::filesystem::path& file);

/// The images of the split that a draw names by their paths, in its order. Where the split has no validation
/// images, training images may be the draw's. Throws Error naming `file` if a path is not that of such an
/// image, or appears twice, or a class has no training image.
FewShotDraw find_drawn_images(const FewShotDraw& draw, const Split& split, const std::filesystem::path& file);

/// A draw that the reference has cached (split_fewshot/shot_16-seed_1.pkl). Its paths are absolute on the
/// machine that made it.
struct ReferenceDraw {
  std::vector<std::string> train, val;
  std::optional<int64_t> shots, seed;  ///< if the file's name states them
};

/// Reads it as data; nothing in the file is executed. Throws Error if it is not such a pickle.
ReferenceDraw read_reference_draw(const std::filesystem::path& file);

/// The images of the split whose paths end those of the draw, in its order. If the split has no validation
/// images (ImageNet, for which the reference takes test images) the draw's are left out. Throws Error naming
/// `file` for an image that the split does not have, and for a class without a training image.
FewShotDraw find_reference_images(const ReferenceDraw& draw, const Split& split,
                                  const std::filesystem::path& file);

}  // namespace promptbed
