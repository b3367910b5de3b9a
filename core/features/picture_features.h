#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "features/extraction.h"
#include "features/picture_encoder.h"

namespace promptbed {

/// Features of image files that belong to no dataset.
struct PictureFileFeatures {
  std::vector<std::filesystem::path> pictures;  ///< those that could be read, in order
  Tensor features;                              ///< [N, D] f32: their centre view, unnormalised
  std::vector<std::string> faults;              ///< one line for each other file: which, and why
};

/// Decodes and encodes image files. One that is missing or unreadable becomes a fault, and the others go on.
/// Reports progress on `log`. Throws Interrupted on Ctrl-C.
PictureFileFeatures encode_picture_files(const std::vector<std::filesystem::path>& files,
                                         const PictureEncoder& encoder, int threads, std::ostream& log);

/// Image files (jpg, jpeg, png, webp, bmp, in any case) in a folder and its subfolders, sorted. Throws Error
/// if there are none.
std::vector<std::filesystem::path> picture_files_in(const std::filesystem::path& folder);

}  // namespace promptbed
