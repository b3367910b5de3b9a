#pragma once

#include <promptbed/tensor.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <span>

#include "clip/image_encoder.h"
#include "features/feature_cache.h"

namespace promptbed {

/// What an extraction did.
struct ExtractionReport {
  int64_t pictures_decoded = 0;
  int64_t rows_written = 0;
  int64_t rows_present = 0;  ///< asked for and already in the cache
  std::chrono::duration<double> time{0};
};

/// Where an extraction computes.
struct ExtractionSettings {
  int decoder_threads = 1;  ///< these decode ahead of the tower
  torch::Device device = torch::kCPU;
};

/// Rows of every call of the tower, the last one padded: a feature must not depend on what else was missing.
/// On a CPU few enough for a call to take about a second with ViT-B/16 (Ctrl-C is heard in between), and
/// more where pictures of R x R pixels are small.
int64_t extraction_batch(int64_t resolution, torch::Device device);

/// Brings into the cache what the requests ask for and it does not have: decodes each picture once, renders
/// its views, encodes them in batches of one size. Does nothing where nothing is missing; otherwise waits for
/// other writers. Progress and waiting are told on `log`.
///
/// Throws Error naming a picture that is missing or unreadable, Interrupted after Ctrl-C. Either way all
/// features up to there are kept and the next call goes on from them.
ExtractionReport extract_features(FeatureCache& cache, std::span<const FeatureRequest> requests,
                                  const std::filesystem::path& image_folder, const ImageEncoder& encoder,
                                  const ExtractionSettings& settings, std::ostream& log);

}  // namespace promptbed
