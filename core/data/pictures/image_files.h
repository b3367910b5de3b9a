#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/pictures/picture.h"

namespace promptbed {

/// The image files of a dataset: those in a folder and below, or in a ZIP archive that has taken the folder's
/// place ("images.zip" for "images"), as `runner datasets seal` writes it. An image is named by its path in
/// there: "cat/1.jpg". Several threads may use it at once.
class ImageFiles {
 public:
  /// `place` is a folder or an archive. If it is neither and `place`.zip is there, that is meant. Whether
  /// there is anything shows later. Throws Error if an archive is damaged (see StoredZip), and if two of its
  /// files have one name, or one has a name that is not UTF-8, holds control characters or leads out of it.
  explicit ImageFiles(const std::filesystem::path& place);

  /// Those of a folder, and never of an archive in its place.
  static ImageFiles in_folder(const std::filesystem::path& folder);

  /// The folder or the archive.
  const std::filesystem::path& place() const { return place_; }

  bool is_archive() const { return archive_ != nullptr; }

  /// Whether there is a folder or an archive.
  bool exist() const;

  /// Whether there is such an image.
  bool have(const std::string& image) const;

  /// Where an image is, for messages and, in a folder, for opening: "images/cat/1.jpg",
  /// "images.zip/cat/1.jpg".
  std::filesystem::path path_of(const std::string& image) const { return place_ / image; }

  /// The bytes of an image's file. Throws Error, naming it, if they cannot be read.
  std::string read(const std::string& image) const;

  /// The names of all images (is_image_name), sorted. Throws Error if there are none.
  std::vector<std::string> names() const;

 private:
  struct Archive;

  std::filesystem::path place_;
  std::shared_ptr<Archive> archive_;  ///< nullptr for a folder
};

/// How names of images end, for messages.
inline constexpr const char* kImageEndings = "jpg, jpeg, png, webp, bmp, gif, tif or tiff";

/// Whether a file is an image by its name, which ends in one of kImageEndings, in any case.
bool is_image_name(const std::filesystem::path& file);

/// decode_picture() of an image.
Picture decode_picture(const ImageFiles& files, const std::string& image);

}  // namespace promptbed
