#include "sweep/features.h"

#include <ATen/ATen.h>
#include <promptbed/error.h>

#include <algorithm>
#include <numeric>

#include "features/extraction.h"

namespace promptbed {
namespace {

constexpr int64_t kMostDecoders = 64;

std::vector<std::string> paths_of(const std::vector<Image>& images) {
  std::vector<std::string> paths;
  paths.reserve(images.size());
  for (const Image& image : images) paths.push_back(image.path);
  return paths;
}

std::filesystem::path image_folder(const PlannedDataset& dataset, const Workbench& bench) {
  return bench.spec().data / dataset.spec.folder / dataset.spec.images;
}

/// What the dataset's runs read: all test images once, and each run's draw.
std::vector<FeatureRequest> requests_of(const PlannedDataset& dataset,
                                        const std::vector<const PlannedRun*>& runs) {
  std::vector<FeatureRequest> requests;
  for (const PlannedRun* run : runs) {
    if (run->dataset->spec.id != dataset.spec.id) continue;
    if (requests.empty()) requests.push_back({paths_of(dataset.split.test), {kCentreView}});
    if (!run->method->trainable()) continue;
    requests.push_back({paths_of(run->draw.train), training_views(run->spec.views)});
    if (run->needs.validation_features) requests.push_back({paths_of(run->draw.val), {kCentreView}});
  }
  return requests;
}

}  // namespace

std::vector<int> training_views(int64_t views) {
  if (views == 0) return {kCentreView};
  std::vector<int> all(static_cast<size_t>(views));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

FeatureCache open_cache(const PlannedDataset& dataset, const Workbench& bench) {
  CacheKey key;
  key.model = bench.model().fingerprint();
  key.preprocessing = bench.model().preprocessing();
  key.precision = bench.spec().placement.precision;
  key.dataset = dataset.spec.id;
  key.width = bench.model().embedding_width();
  return {cache_path(bench.spec().cache, key), key};
}

std::vector<MissingPicture> missing_pictures(const FeatureCache& cache, const PlannedDataset& dataset,
                                             const std::vector<const PlannedRun*>& runs,
                                             const Workbench& bench) {
  return cache.missing(requests_of(dataset, runs), image_folder(dataset, bench));
}

std::map<std::string, std::string> extract_missing_features(const Plan& plan, Workbench& bench,
                                                            std::ostream& log) {
  const auto pending = plan.pending(bench.spec().force);
  for (const auto& dataset : plan.datasets)
    open_cache(*dataset, bench);  // one that is wrong shows before any work
  std::map<std::string, std::string> spoilt;
  for (const auto& dataset : plan.datasets) {
    FeatureCache cache = open_cache(*dataset, bench);
    if (missing_pictures(cache, *dataset, pending, bench).empty()) continue;
    const ExtractionSettings settings{
        static_cast<int>(std::min(bench.spec().threads * bench.spec().jobs, kMostDecoders)),
        bench.spec().placement.device};
    try {
      extract_features(cache, requests_of(*dataset, pending), image_folder(*dataset, bench),
                       bench.image_encoder(), settings, log);
    } catch (const PictureError& fault) {
      spoilt[dataset->spec.id] = fault.what();
    }
  }
  return spoilt;
}

FeatureSet read_features(const FeatureCache& cache, const std::vector<Image>& images,
                         const std::vector<int>& views, torch::Device device) {
  std::vector<int64_t> labels;
  labels.reserve(images.size());
  for (const Image& image : images) labels.push_back(image.label);
  return {cache.read(paths_of(images), views).to(device), torch::tensor(labels, torch::kLong).to(device)};
}

}  // namespace promptbed
