#pragma once

#include <array>
#include <cstdint>
#include <filesystem>

#include "data/pictures/view.h"

namespace promptbed {

/// What an image goes through before the image tower: resize of the short side, centre crop (or what the
/// style says instead), (x - mean) / std per channel of RGB in [0, 1].
struct Preprocessing {
  int64_t size = 224;                                                  ///< side of the result, in pixels
  std::array<float, 3> mean = {0.48145466f, 0.4578275f, 0.40821073f};  ///< CLIP's own
  std::array<float, 3> std = {0.26862954f, 0.26130258f, 0.27577711f};
  ViewStyle style = {};

  bool operator==(const Preprocessing&) const = default;
};

/// From the files in the model's folder, preprocessor_config.json, processor_config.json or
/// open_clip_config.json; CLIP's own if there is none. `size` is what the weights need. Throws Error, naming
/// the setting, for one that runner cannot follow, for a size that does not fit the weights, for a standard
/// deviation that is not above 0, and if the first two files disagree (versions of transformers read one or
/// the other).
Preprocessing read_preprocessing(const std::filesystem::path& model, int64_t size);

}  // namespace promptbed
