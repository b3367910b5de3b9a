#pragma once

#include <promptbed/error.h>
#include <promptbed/tensor.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <span>

#include "clip/towers/image_tower.h"
#include "features/feature_cache.h"

namespace promptbed {

/// An image is missing or unreadable. Fails only the runs on its dataset.
class PictureError : public Error {
 public:
  using Error::Error;
};

/// The result of an extraction.
struct ExtractionReport {
  int64_t pictures_decoded = 0;
  int64_t rows_written = 0;
  int64_t rows_present = 0;  ///< requested and already in the cache
  std::chrono::duration<double> time{0};
};

/// How an extraction computes.
struct ExtractionSettings {
  int threads = 1;                     ///< images processed at a time
  torch::Device device = torch::kCPU;  ///< where the tower is
};

/// The number of requested features: one per image and view.
int64_t count_rows(std::span<const FeatureRequest> requests);

/// Extracts the requested features that the cache lacks, or has of other contents than `contents` finds in
/// the images' files. Each image is read and decoded once, for 64 views at most; one thread renders and
/// encodes them. Does nothing if nothing is missing; otherwise waits for other writers. Reports progress and
/// waiting on `log`.
///
/// On the CPU the tower encodes one view at a time: in a batch, a feature's last bits would depend on its
/// position (BLAS treats the edge of a matrix differently), and thus on what else was missing and on the
/// number of threads. Another device gets full batches from the threads, which would otherwise leave it idle.
///
/// Throws PictureError, naming the image, if one is missing or unreadable, Interrupted after Ctrl-C. Either
/// way the features so far are kept, and the next call goes on from there.
ExtractionReport extract_features(FeatureCache& cache, std::span<const FeatureRequest> requests,
                                  ContentIndex& contents, const ImageEncoder& encoder,
                                  const ExtractionSettings& settings, std::ostream& log);

}  // namespace promptbed
