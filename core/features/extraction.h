#pragma once

#include <promptbed/error.h>
#include <promptbed/tensor.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <span>

#include "clip/towers/image_encoder.h"
#include "features/feature_cache.h"

namespace promptbed {

/// A picture is missing or unreadable. Concerns the runs on its dataset only.
class PictureError : public Error {
 public:
  using Error::Error;
};

/// What an extraction did.
struct ExtractionReport {
  int64_t pictures_decoded = 0;
  int64_t rows_written = 0;
  int64_t rows_present = 0;  ///< asked for and already in the cache
  std::chrono::duration<double> time{0};
};

/// Where an extraction computes.
struct ExtractionSettings {
  int threads = 1;  ///< pictures in work at a time
  torch::Device device = torch::kCPU;
};

/// Features that the requests ask for, one for each picture and view.
int64_t count_rows(std::span<const FeatureRequest> requests);

/// Brings into the cache what the requests ask for and it does not have. Each picture is decoded
/// once, its views rendered and encoded by one thread. Does nothing where nothing is missing; otherwise waits
/// for other writers. Progress and waiting are told on `log`.
///
/// The tower sees one view at a time: in a batch a feature's last bits would depend on its place there (BLAS
/// treats the edge of a matrix differently), and so on what else was missing and on the threads.
///
/// Throws PictureError naming a picture that is missing or unreadable, Interrupted after Ctrl-C. Either way
/// all features up to there are kept and the next call goes on from them.
ExtractionReport extract_features(FeatureCache& cache, std::span<const FeatureRequest> requests,
                                  const std::filesystem::path& image_folder, const ImageEncoder& encoder,
                                  const ExtractionSettings& settings, std::ostream& log);

}  // namespace promptbed
