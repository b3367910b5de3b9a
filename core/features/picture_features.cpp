#include "features/picture_features.h"

#include <ATen/ATen.h>

#include <functional>
#include <ostream>
#include <utility>

#include "base/ahead.h"
#include "base/input_file.h"
#include "base/progress.h"
#include "base/signals.h"
#include "data/pictures/view.h"
#include "features/pixels.h"
#include "features/view_batches.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// The most bytes of an image that comes out of a pipe.
constexpr uint64_t kLongestStream = uint64_t{1} << 30;

/// What was made of a file, or its fault.
struct Made {
  Tensor tensor;
  std::string fault;
};

using Make = std::function<Tensor(const Picture&)>;

Made make_of(const LooseImage& image, const Make& make) {
  try {
    const Picture picture = image.contents ? decode_picture(*image.contents, image.path())
                                           : decode_picture(image.files, image.name);
    return {make(picture), ""};
  } catch (const Error& fault) {
    return {{}, fault.what()};
  }
}

/// Hands what threads make of the images to `take`, in order; so many are in progress or wait for it. The
/// result has no tensors yet.
LooseImageTensors make_of_all(std::span<const LooseImage> images, int threads, size_t ahead,
                              std::ostream& log, const Make& make, const std::function<void(Tensor)>& take) {
  LooseImageTensors result;
  Progress progress("images", static_cast<int64_t>(images.size()), log, is_terminal(log));
  const SingleThreadedOperators operators;
  Ahead<Made> made(images.size(), static_cast<size_t>(threads), ahead,
                   [&](size_t i) { return make_of(images[i], make); });
  for (const LooseImage& image : images) {
    Made next = *made.next();
    progress.advance();
    if (!next.fault.empty()) {
      result.faults.push_back(std::move(next.fault));
      continue;
    }
    result.images.push_back(image.path());
    take(std::move(next.tensor));
  }
  return result;
}

/// The same as one tensor.
LooseImageTensors joined_of_all(std::span<const LooseImage> images, int threads, std::ostream& log,
                                const Make& make) {
  std::vector<Tensor> rows;
  LooseImageTensors result = make_of_all(images, threads, kPicturesAhead * static_cast<size_t>(threads), log,
                                         make, [&](Tensor row) { rows.push_back(std::move(row)); });
  if (!rows.empty()) result.tensors = at::cat(rows);
  return result;
}

/// Threads render the views, and a device encodes many at once, whichever images they are of.
LooseImageTensors encode_on_device(std::span<const LooseImage> images, const PictureEncoder& encoder,
                                   const std::vector<int>& views, int threads, std::ostream& log) {
  std::vector<Tensor> features;
  ViewBatches batches(encoder.tower(), encoder.device(),
                      [&](std::span<const FeatureRow>, const Tensor& some) { features.push_back(some); });
  const std::vector<FeatureRow> nameless(views.size());
  LooseImageTensors result = make_of_all(
      images, threads, images_ahead(static_cast<size_t>(threads), views.size()), log,
      [&](const Picture& picture) { return encoder.pixels(picture, views, /*view_key=*/0); },
      [&](const Tensor& pixels) { batches.add(nameless, pixels); });
  batches.finish();
  if (features.empty()) return result;
  const Tensor all = at::cat(features);
  result.tensors = all.view({-1, static_cast<int64_t>(views.size()), all.size(1)});
  return result;
}

/// Whether all images in a path are meant.
bool holds_images(const fs::path& path) {
  std::error_code failure;
  const bool is_zip = path.extension() == ".zip" || path.extension() == ".ZIP";
  return fs::is_directory(path, failure) || (is_zip && fs::is_regular_file(path, failure));
}

/// Whether it gives its bytes once, such as /dev/stdin or a shell's <(...).
bool is_stream(const fs::path& path) {
  std::error_code failure;
  const fs::file_status status = fs::status(path, failure);
  return fs::is_fifo(status) || fs::is_character_file(status) || fs::is_socket(status);
}

}  // namespace

std::vector<LooseImage> images_at(const fs::path& path) {
  if (!holds_images(path)) {
    LooseImage image{ImageFiles::in_folder(path.parent_path()), path.filename().string()};
    if (is_stream(path)) image.contents = InputFile(path, InputKind::stream).rest(kLongestStream);
    return {image};
  }
  const ImageFiles files(path);
  std::vector<LooseImage> images;
  for (std::string& name : files.names()) images.push_back({files, std::move(name)});
  return images;
}

LooseImageTensors encode_images(std::span<const LooseImage> images, const PictureEncoder& encoder,
                                const std::vector<int>& views, int threads, std::ostream& log) {
  if (!encoder.device().is_cpu()) return encode_on_device(images, encoder, views, threads, log);
  return joined_of_all(images, threads, log, [&](const Picture& picture) {
    return encoder.encode(picture, views, /*view_key=*/0).unsqueeze(0);
  });
}

LooseImageTensors read_pixels(std::span<const LooseImage> images, const Preprocessing& preprocessing,
                              int threads, std::ostream& log) {
  return joined_of_all(images, threads, log, [&](const Picture& picture) {
    check_interrupt();
    return pixels_of(picture, kCentreView, /*key=*/0, preprocessing, {}).unsqueeze(0);
  });
}

}  // namespace promptbed
