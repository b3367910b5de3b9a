#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "features/extraction.h"
#include "features/picture_encoder.h"

namespace promptbed {

/// Features of pictures that belong to no dataset.
struct PictureFileFeatures {
  std::vector<std::filesystem::path> pictures;  ///< those that could be read, in order
  Tensor features;                              ///< [N, D] f32 of them, the centre view; unnormalised
  std::vector<std::string> faults;              ///< one line for each of the others: which, and why
};

/// Decodes and encodes picture files; one that is missing or unreadable is told of, and the others go on.
/// Progress is told on `log`. Throws Interrupted on Ctrl-C.
PictureFileFeatures encode_picture_files(const std::vector<std::filesystem::path>& files,
                                         const PictureEncoder& encoder, int threads, std::ostream& log);

/// The files with the ending of a picture (jpg, jpeg, png, webp, bmp, in any case) in a folder and the
/// folders in it, sorted. Throws Error where there is none.
std::vector<std::filesystem::path> picture_files_in(const std::filesystem::path& folder);

}  // namespace promptbed
