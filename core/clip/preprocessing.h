#pragma once

#include <array>
#include <cstdint>
#include <filesystem>

namespace promptbed {

/// What an image goes through before the image tower: resize of the short side, centre crop, (x - mean) / std
/// per channel of RGB in [0, 1].
struct Preprocessing {
  int64_t size = 224;                                                  ///< side after the crop, in pixels
  std::array<float, 3> mean = {0.48145466f, 0.4578275f, 0.40821073f};  ///< CLIP's own
  std::array<float, 3> std = {0.26862954f, 0.26130258f, 0.27577711f};
};

/// From preprocessor_config.json or open_clip_config.json in the model's folder; CLIP's mean and standard
/// deviation if there is neither. `size` is what the weights need. Throws Error if the file has another size
/// or crop.
Preprocessing read_preprocessing(const std::filesystem::path& model, int64_t size);

}  // namespace promptbed
