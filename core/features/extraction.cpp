#include "features/extraction.h"

#include <algorithm>
#include <ostream>
#include <utility>
#include <vector>

#include "base/ahead.h"
#include "base/progress.h"
#include "data/pictures/picture.h"
#include "data/pictures/view.h"
#include "features/feature_writer.h"
#include "features/picture_encoder.h"
#include "features/pixels.h"
#include "features/view_batches.h"

namespace promptbed {
namespace {

/// The views of an image that one thread renders. On a device their pixels wait for each other, a batch of
/// them at most; on the CPU each is encoded at once.
std::vector<MissingPicture> in_slices(std::vector<MissingPicture> missing, bool on_device) {
  if (!on_device) return missing;
  std::vector<MissingPicture> slices;
  for (const auto& [image, views] : missing) {
    for (auto begin = views.begin(); begin != views.end();) {
      const auto end = begin + std::min<std::ptrdiff_t>(kViewsAtOnce, views.end() - begin);
      slices.push_back({image, {begin, end}});
      begin = end;
    }
  }
  return slices;
}

/// Slices that may be in progress or wait.
size_t most_ahead(std::span<const MissingPicture> slices, size_t threads, bool on_device) {
  if (!on_device) return kPicturesAhead * threads;
  size_t views = 1;
  for (const MissingPicture& slice : slices) views = std::max(views, slice.views.size());
  return images_ahead(threads, views);
}

/// The rows of one image.
struct PictureViews {
  std::vector<FeatureRow> rows;
  Tensor views;  ///< on the CPU: features [rows, D] or, where a device encodes them, pixels [rows, 3, R, R]
};

/// Renders, and on the CPU encodes, the views of an image that the cache lacks; used by several threads at
/// once. The hash is of the very bytes that are decoded, whatever becomes of the file meanwhile.
PictureViews views_of(const MissingPicture& wanted, const ImageFiles& files, const PictureEncoder& encoder,
                      const std::string& dataset, bool encode) {
  PictureViews result;
  Picture picture;
  try {
    const std::string bytes = files.read(wanted.image);
    for (const int view : wanted.views) result.rows.push_back({wanted.image, view, hash_of_contents(bytes)});
    picture = decode_picture(bytes, files.path_of(wanted.image));
  } catch (const Error& fault) {
    throw PictureError(fault.what());
  }
  const uint64_t key = view_key(dataset, wanted.image);
  result.views =
      encode ? encoder.encode(picture, wanted.views, key) : encoder.pixels(picture, wanted.views, key);
  return result;
}

}  // namespace

int64_t count_rows(std::span<const FeatureRequest> requests) {
  int64_t rows = 0;
  for (const FeatureRequest& request : requests) {
    rows += static_cast<int64_t>(request.images.size() * request.views.size());
  }
  return rows;
}

ExtractionReport extract_features(FeatureCache& cache, std::span<const FeatureRequest> requests,
                                  ContentIndex& contents, const ImageEncoder& encoder,
                                  const ExtractionSettings& settings, std::ostream& log) {
  const auto start = std::chrono::steady_clock::now();
  ExtractionReport report;
  report.rows_present = count_rows(requests);
  if (cache.missing(requests, &contents).empty()) return report;

  FeatureWriter writer(cache.path(), cache.key(), log);
  cache.reload();  // another writer may have done the work in the meantime
  const bool on_device = !settings.device.is_cpu();
  std::vector<MissingPicture> missing = cache.missing(requests, &contents);
  const auto pictures_missing = static_cast<int64_t>(missing.size());
  const std::vector<MissingPicture> slices = in_slices(std::move(missing), on_device);
  const PictureEncoder picture_encoder(encoder, cache.key().preprocessing, settings.device,
                                       cache.key().crops);
  ViewBatches batches(
      encoder, settings.device,
      [&](std::span<const FeatureRow> rows, const Tensor& features) { writer.append(rows, features); });
  try {
    Progress progress("extracting features: " + cache.key().dataset, pictures_missing, log, is_terminal(log));
    const SingleThreadedOperators operators;
    const auto threads = static_cast<size_t>(settings.threads);
    Ahead<PictureViews> pictures(slices.size(), threads, most_ahead(slices, threads, on_device),
                                 [&](size_t i) {
                                   return views_of(slices[i], contents.files(), picture_encoder,
                                                   cache.key().dataset, /*encode=*/!on_device);
                                 });
    try {
      for (size_t i = 0; const auto picture = pictures.next(); ++i) {
        if (on_device) {
          batches.add(picture->rows, picture->views);
        } else {
          writer.append(picture->rows, picture->views);
        }
        if (i > 0 && slices[i].image == slices[i - 1].image) continue;
        ++report.pictures_decoded;
        progress.advance();
      }
    } catch (const PictureError&) {
      batches.finish();  // the images before the one that failed
      throw;
    }
    batches.finish();
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
