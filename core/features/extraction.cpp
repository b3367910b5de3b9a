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
#include "features/view_batches.h"

namespace promptbed {
namespace {

/// Finished images per thread that may wait for a slower one before them.
constexpr size_t kPicturesAhead = 4;

/// Images that may be in progress. While a device is at one batch, threads render the next.
size_t pictures_ahead(const ExtractionSettings& settings) {
  const auto threads = static_cast<size_t>(settings.threads);
  return std::max(kPicturesAhead * threads, settings.device.is_cpu() ? 0 : size_t{2 * kViewsAtOnce});
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
  const std::vector<MissingPicture> missing = cache.missing(requests, &contents);
  const PictureEncoder picture_encoder(encoder, cache.key().preprocessing, settings.device,
                                       cache.key().crops);
  const bool on_device = !settings.device.is_cpu();
  ViewBatches batches(
      encoder, settings.device,
      [&](std::span<const FeatureRow> rows, const Tensor& features) { writer.append(rows, features); });
  try {
    Progress progress("extracting features: " + cache.key().dataset, static_cast<int64_t>(missing.size()),
                      log, is_terminal(log));
    const SingleThreadedOperators operators;
    Ahead<PictureViews> pictures(missing.size(), static_cast<size_t>(settings.threads),
                                 pictures_ahead(settings), [&](size_t i) {
                                   return views_of(missing[i], contents.files(), picture_encoder,
                                                   cache.key().dataset, /*encode=*/!on_device);
                                 });
    while (const auto picture = pictures.next()) {
      if (on_device) {
        batches.add(picture->rows, picture->views);
      } else {
        writer.append(picture->rows, picture->views);
      }
      ++report.pictures_decoded;
      progress.advance();
    }
    batches.finish();
  } catch (const PictureError&) {
    batches.finish();  // the images before the one that failed
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
