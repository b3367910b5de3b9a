#include "features/extraction.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <utility>
#include <vector>

#include "base/ahead.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "data/picture.h"
#include "data/view.h"
#include "features/feature_writer.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// Finished pictures that may wait for a slower one before them, for each thread.
constexpr size_t kPicturesAhead = 4;

/// What one picture gives.
struct PictureFeatures {
  std::vector<FeatureRow> rows;
  Tensor features;  ///< [rows, D], on the CPU
};

/// For its lifetime LibTorch's operators use one thread each, in this thread and in those started meanwhile.
class SingleThreadedOperators {
 public:
  SingleThreadedOperators() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~SingleThreadedOperators() { at::set_num_threads(before_); }
  SingleThreadedOperators(const SingleThreadedOperators&) = delete;
  SingleThreadedOperators& operator=(const SingleThreadedOperators&) = delete;

 private:
  int before_;
};

Picture decode(const fs::path& path) {
  try {
    return decode_picture(path);
  } catch (const Error& fault) {
    throw PictureError(fault.what());
  }
}

/// From a picture to the features of its views; used by several threads at once.
class PictureEncoder {
 public:
  PictureEncoder(const ImageEncoder& tower, const CacheKey& key, fs::path image_folder, torch::Device device)
      : tower_(tower), key_(key), image_folder_(std::move(image_folder)), device_(device) {}

  PictureFeatures operator()(const MissingPicture& wanted) const {
    at::init_num_threads();  // a new thread takes over the count that was set
    const c10::InferenceMode frozen;
    const fs::path path = image_folder_ / wanted.image;
    const PictureStamp stamp = stamp_of(path).value_or(PictureStamp{});  // first: a later change shows
    const Picture picture = decode(path);
    const uint64_t view_generator = view_key(key_.dataset, wanted.image);

    PictureFeatures result;
    std::vector<Tensor> features;
    for (const int view : wanted.views) {
      check_interrupt();
      const Picture rendered =
          render_view(picture, static_cast<int>(key_.preprocessing.size), view, view_generator);
      features.push_back(tower_.encode(normalised(rendered)).cpu());
      result.rows.push_back({wanted.image, view, stamp});
    }
    result.features = at::cat(features);
    return result;
  }

 private:
  /// -> [1, 3, R, R] f32 on the device: to [0, 1], then by the model's mean and standard deviation.
  Tensor normalised(const Picture& view) const {
    const auto per_channel = [&](const std::array<float, 3>& values) {
      return torch::tensor(at::ArrayRef<float>(values), device_).view({1, 3, 1, 1});
    };
    Tensor bytes = at::empty({1, view.height, view.width, 3}, torch::kUInt8);
    std::ranges::copy(view.rgb, bytes.data_ptr<uint8_t>());
    const Tensor pixels = bytes.to(device_).permute({0, 3, 1, 2}).contiguous().to(torch::kFloat32).div_(255);
    return (pixels - per_channel(key_.preprocessing.mean)) / per_channel(key_.preprocessing.std);
  }

  const ImageEncoder& tower_;
  const CacheKey& key_;
  fs::path image_folder_;
  torch::Device device_;
};

}  // namespace

int64_t count_rows(std::span<const FeatureRequest> requests) {
  int64_t rows = 0;
  for (const FeatureRequest& request : requests) {
    rows += static_cast<int64_t>(request.images.size() * request.views.size());
  }
  return rows;
}

ExtractionReport extract_features(FeatureCache& cache, std::span<const FeatureRequest> requests,
                                  const fs::path& image_folder, const ImageEncoder& encoder,
                                  const ExtractionSettings& settings, std::ostream& log) {
  const auto start = std::chrono::steady_clock::now();
  ExtractionReport report;
  report.rows_present = count_rows(requests);
  if (cache.missing(requests, image_folder).empty()) return report;

  FeatureWriter writer(cache.path(), cache.key(), log);
  cache.reload();  // another writer may have done the work meanwhile
  const std::vector<MissingPicture> missing = cache.missing(requests, image_folder);
  const PictureEncoder encode(encoder, cache.key(), image_folder, settings.device);
  try {
    Progress progress("extracting features: " + cache.key().dataset, static_cast<int64_t>(missing.size()),
                      log, is_terminal(log));
    const SingleThreadedOperators operators;
    Ahead<PictureFeatures> pictures(missing.size(), static_cast<size_t>(settings.threads),
                                    kPicturesAhead * static_cast<size_t>(settings.threads),
                                    [&](size_t i) { return encode(missing[i]); });
    while (const auto picture = pictures.next()) {
      writer.append(picture->rows, picture->features);
      ++report.pictures_decoded;
      progress.advance();
    }
  } catch (...) {
    writer.flush();  // the pictures before the one that failed
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
