#include "features/picture_features.h"

#include <ATen/ATen.h>

#include <ostream>
#include <utility>

#include "base/ahead.h"
#include "base/progress.h"
#include "data/pictures/view.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// Finished images per thread that may wait for a slower one before them.
constexpr size_t kPicturesAhead = 4;

/// The features [1, D] of a file, or its fault.
struct Encoded {
  Tensor features;
  std::string fault;
};

Encoded encode(const LooseImage& image, const PictureEncoder& encoder) {
  try {
    return {encoder.encode(decode_picture(image.files, image.name), {kCentreView}, /*view_key=*/0), ""};
  } catch (const Error& fault) {
    return {{}, fault.what()};
  }
}

/// Whether all images in a path are meant.
bool holds_images(const fs::path& path) {
  std::error_code failure;
  const bool is_zip = path.extension() == ".zip" || path.extension() == ".ZIP";
  return fs::is_directory(path, failure) || (is_zip && fs::is_regular_file(path, failure));
}

}  // namespace

std::vector<LooseImage> images_at(const fs::path& path) {
  if (!holds_images(path)) return {{ImageFiles::in_folder(path.parent_path()), path.filename().string()}};
  const ImageFiles files(path);
  std::vector<LooseImage> images;
  for (std::string& name : files.names()) images.push_back({files, std::move(name)});
  return images;
}

LooseImageFeatures encode_images(const std::vector<LooseImage>& images, const PictureEncoder& encoder,
                                 int threads, std::ostream& log) {
  LooseImageFeatures result;
  std::vector<Tensor> features;
  Progress progress("images", static_cast<int64_t>(images.size()), log, is_terminal(log));
  const SingleThreadedOperators operators;
  Ahead<Encoded> encoded(images.size(), static_cast<size_t>(threads),
                         kPicturesAhead * static_cast<size_t>(threads),
                         [&](size_t i) { return encode(images[i], encoder); });
  for (const LooseImage& image : images) {
    Encoded next = *encoded.next();
    progress.advance();
    if (!next.fault.empty()) {
      result.faults.push_back(std::move(next.fault));
      continue;
    }
    result.images.push_back(image.path());
    features.push_back(std::move(next.features));
  }
  if (!features.empty()) result.features = at::cat(features);
  return result;
}

}  // namespace promptbed
