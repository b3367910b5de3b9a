#include "features/extraction.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cstring>
#include <ostream>
#include <utility>
#include <vector>

#include "base/interrupt.h"
#include "base/progress.h"
#include "data/picture.h"
#include "data/view.h"
#include "features/ahead.h"
#include "features/feature_writer.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// A picture's views, rendered.
struct RenderedPicture {
  PictureStamp stamp;
  std::vector<Picture> views;
};

RenderedPicture render(const MissingPicture& wanted, const CacheKey& key, const fs::path& image_folder) {
  const fs::path path = image_folder / wanted.image;
  const PictureStamp stamp = stamp_of(path).value_or(PictureStamp{});  // taken first: a later change shows
  const Picture picture = decode_picture(path);
  const uint64_t generator_key = view_key(key.dataset, wanted.image);
  RenderedPicture rendered{stamp, {}};
  for (const int view : wanted.views) {
    rendered.views.push_back(
        render_view(picture, static_cast<int>(key.preprocessing.size), view, generator_key));
  }
  return rendered;
}

/// Bytes [B, R, R, 3] -> f32 [B, 3, R, R], to [0, 1] and then by the model's mean and standard deviation.
Tensor normalised(const Tensor& bytes, const Preprocessing& preprocessing) {
  const auto per_channel = [&](const std::array<float, 3>& values) {
    return torch::tensor(at::ArrayRef<float>(values)).view({1, 3, 1, 1}).to(bytes.device());
  };
  const Tensor pixels = bytes.permute({0, 3, 1, 2}).contiguous().to(torch::kFloat32).div_(255);
  return (pixels - per_channel(preprocessing.mean)) / per_channel(preprocessing.std);
}

/// Gathers rendered views into batches of one size and hands their features to the writer.
class BatchEncoder {
 public:
  BatchEncoder(const ImageEncoder& encoder, const CacheKey& key, torch::Device device, FeatureWriter& writer)
      : encoder_(encoder), preprocessing_(key.preprocessing), device_(device), writer_(writer) {
    const int64_t size = preprocessing_.size;
    bytes_ = at::zeros({extraction_batch(size, device), size, size, 3}, torch::kUInt8);
  }

  void add(FeatureRow row, const Picture& view) {
    Tensor slot = bytes_[static_cast<int64_t>(rows_.size())];
    std::memcpy(slot.data_ptr(), view.rgb.data(), view.rgb.size());
    rows_.push_back(std::move(row));
    if (static_cast<int64_t>(rows_.size()) == bytes_.size(0)) encode();
  }

  /// Encodes what has been gathered, in a batch of full size whatever its number.
  void encode() {
    if (rows_.empty()) return;
    const c10::InferenceMode frozen;
    const Tensor features = encoder_.encode(normalised(bytes_.to(device_), preprocessing_));
    writer_.append(rows_, features.narrow(0, 0, static_cast<int64_t>(rows_.size())).cpu());
    rows_.clear();
    check_interrupt();
  }

 private:
  const ImageEncoder& encoder_;
  Preprocessing preprocessing_;
  torch::Device device_;
  FeatureWriter& writer_;
  Tensor bytes_;  ///< [B, R, R, 3]
  std::vector<FeatureRow> rows_;
};

int64_t count_rows(std::span<const FeatureRequest> requests) {
  int64_t rows = 0;
  for (const FeatureRequest& request : requests) {
    rows += static_cast<int64_t>(request.images.size() * request.views.size());
  }
  return rows;
}

}  // namespace

int64_t extraction_batch(int64_t resolution, torch::Device device) {
  constexpr int64_t kPixels = 8 * 224 * 224;
  const int64_t pixels = device.is_cpu() ? kPixels : 32 * kPixels;
  return std::clamp<int64_t>(pixels / (resolution * resolution), 4, 256);
}

ExtractionReport extract_features(FeatureCache& cache, std::span<const FeatureRequest> requests,
                                  const fs::path& image_folder, const ImageEncoder& encoder,
                                  const ExtractionSettings& settings, std::ostream& log) {
  const auto start = std::chrono::steady_clock::now();
  ExtractionReport report;
  report.rows_present = count_rows(requests);
  if (cache.missing(requests, image_folder).empty()) return report;

  const CacheKey& key = cache.key();
  FeatureWriter writer(cache.path(), key, log);
  cache.reload();  // another writer may have done the work meanwhile
  const std::vector<MissingPicture> missing = cache.missing(requests, image_folder);
  BatchEncoder batch(encoder, key, settings.device, writer);
  try {
    Progress progress("extracting features: " + key.dataset, static_cast<int64_t>(missing.size()), log,
                      is_terminal(log));
    Ahead<RenderedPicture> pictures(
        missing.size(), static_cast<size_t>(settings.decoder_threads),
        2 * static_cast<size_t>(extraction_batch(key.preprocessing.size, settings.device)),
        [&](size_t i) { return render(missing[i], key, image_folder); });
    while (const auto picture = pictures.next()) {
      const MissingPicture& wanted = missing[static_cast<size_t>(report.pictures_decoded++)];
      for (size_t v = 0; v < wanted.views.size(); ++v) {
        batch.add({wanted.image, wanted.views[v], picture->stamp}, picture->views[v]);
      }
      progress.advance();
    }
    batch.encode();
  } catch (const Error&) {  // a picture: those before it are encoded and kept
    batch.encode();
    writer.flush();
    throw;
  } catch (...) {
    writer.flush();
    throw;
  }
  writer.finish();
  cache.reload();
  report.rows_written = writer.rows_written();
  report.rows_present -= report.rows_written;
  report.time = std::chrono::steady_clock::now() - start;
  return report;
}

}  // namespace promptbed
