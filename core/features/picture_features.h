#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/pictures/image_files.h"
#include "features/extraction.h"
#include "features/picture_encoder.h"

namespace promptbed {

/// An image that belongs to no dataset.
struct LooseImage {
  ImageFiles files;                          ///< where it is
  std::string name;                          ///< in there
  std::optional<std::string> contents = {};  ///< of a pipe, which can be read but once

  std::filesystem::path path() const { return files.path_of(name); }
};

/// What was made of such images.
struct LooseImageTensors {
  std::vector<std::filesystem::path> images;  ///< those that could be read, in order
  Tensor tensors;                             ///< a row for each; undefined if there are none
  std::vector<std::string> faults;            ///< one line for each other image: which, and why
};

/// The image at a path, whether or not it is there; of a folder or a ZIP archive all images in it, sorted by
/// name; of a pipe what comes out of it. Throws Error if there are none in it, and if an archive is damaged,
/// Interrupted if the user gives up on a pipe.
std::vector<LooseImage> images_at(const std::filesystem::path& path);

/// Decodes and encodes images: rows are features [V, D] of the given views, f32, unnormalised. One that is
/// missing or unreadable becomes a fault, and the others go on. Reports progress on `log`. Throws Interrupted
/// on Ctrl-C.
LooseImageTensors encode_images(std::span<const LooseImage> images, const PictureEncoder& encoder,
                                const std::vector<int>& views, int threads, std::ostream& log);

/// The same without encoding: rows are pixels [3, R, R] of the centre view.
LooseImageTensors read_pixels(std::span<const LooseImage> images, const Preprocessing& preprocessing,
                              int threads, std::ostream& log);

}  // namespace promptbed
