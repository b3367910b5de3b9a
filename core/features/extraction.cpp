#include "features/extraction.h"

#include <ostream>
#include <utility>
#include <vector>

#include "base/ahead.h"
#include "base/progress.h"
#include "data/pictures/picture.h"
#include "data/pictures/view.h"
#include "features/feature_writer.h"
#include "features/picture_encoder.h"

namespace promptbed {
namespace {

/// Finished images per thread that may wait for a slower one before them.
constexpr size_t kPicturesAhead = 4;

/// The rows of one image.
struct PictureFeatures {
  std::vector<FeatureRow> rows;
  Tensor features;  ///< [rows, D], on the CPU
};

/// Computes the features of an image that the cache lacks; used by several threads at once. The hash is of
/// the very bytes that are decoded, whatever becomes of the file meanwhile.
PictureFeatures features_of(const MissingPicture& wanted, const ImageFiles& files,
                            const PictureEncoder& encoder, const std::string& dataset) {
  PictureFeatures result;
  Picture picture;
  try {
    const std::string bytes = files.read(wanted.image);
    for (const int view : wanted.views) result.rows.push_back({wanted.image, view, hash_of_contents(bytes)});
    picture = decode_picture(bytes, files.path_of(wanted.image));
  } catch (const Error& fault) {
    throw PictureError(fault.what());
  }
  result.features = encoder.encode(picture, wanted.views, view_key(dataset, wanted.image));
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
  try {
    Progress progress("extracting features: " + cache.key().dataset, static_cast<int64_t>(missing.size()),
                      log, is_terminal(log));
    const SingleThreadedOperators operators;
    Ahead<PictureFeatures> pictures(missing.size(), static_cast<size_t>(settings.threads),
                                    kPicturesAhead * static_cast<size_t>(settings.threads), [&](size_t i) {
                                      return features_of(missing[i], contents.files(), picture_encoder,
                                                         cache.key().dataset);
                                    });
    while (const auto picture = pictures.next()) {
      writer.append(picture->rows, picture->features);
      ++report.pictures_decoded;
      progress.advance();
    }
  } catch (...) {
    writer.flush();  // the images before the one that failed
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
