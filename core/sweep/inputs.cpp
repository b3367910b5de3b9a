#include "sweep/inputs.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostPicturesInWork = 64;

/// What the user named, or else the suite's own.
fs::path named_or_embedded(const fs::path& named, const fs::path& embedded, const Suite& suite,
                           const char* what, const char* option) {
  if (!named.empty()) return named;
  if (embedded.empty())
    throw Error(fmt::format("suite {} has no {} of its own; give one with {}", suite.id, what, option));
  return embedded;
}

}  // namespace

Inputs::Inputs(InputSpec spec)
    : spec_(std::move(spec)),
      suite_(read_suite(spec_.suites, spec_.suite)),
      sealed_(spec_.data.empty() && !suite_.features.empty()),
      model_(ClipModel::load(named_or_embedded(spec_.model, suite_.model, suite_, "model", "--model"),
                             spec_.activation)) {
  spec_.data = named_or_embedded(spec_.data, suite_.data, suite_, "data folder", "--data");
}

CacheKey Inputs::key_of(const DatasetSpec& dataset) const {
  CacheKey key;
  key.model = model_.fingerprint();
  key.preprocessing = model_.preprocessing();
  key.precision = spec_.placement.precision;
  key.dataset = dataset.id;
  key.width = model_.embedding_width();
  return key;
}

FeatureCache Inputs::open_cache(const DatasetSpec& dataset) const {
  CacheKey key = key_of(dataset);
  if (!sealed_) return {cache_path(spec_.cache, key), key};
  // Sealed features are what they are: without some in --precision, it concerns the text tower alone.
  if (!fs::exists(sealed_path(suite_.features, key))) key.precision = Precision::f32;
  const fs::path path = sealed_path(suite_.features, key);
  if (!fs::exists(path)) {
    throw Error(
        fmt::format("{}: no such file: suite {} has no features of {} in {} with it; put it back, change "
                    "--precision, or give the pictures' folder with --data",
                    path.string(), suite_.id, dataset.id, to_string(key.precision)));
  }
  return {path, key};
}

fs::path Inputs::image_folder(const DatasetSpec& dataset) const {
  return spec_.data / dataset.folder / dataset.images;
}

std::string Inputs::feature_source() const {
  if (sealed_) return fmt::format("features: sealed, in {}", suite_.features.string());
  return fmt::format("features: cached in {}, extracted from the pictures in {}", spec_.cache.string(),
                     spec_.data.string());
}

ExtractionReport Inputs::extract(const DatasetSpec& dataset, std::span<const FeatureRequest> requests,
                                 int64_t threads, std::ostream& log) {
  FeatureCache cache = open_cache(dataset);
  const auto missing = cache.missing(requests, image_folder(dataset));
  check_sealed(cache, missing);
  if (missing.empty()) return {.rows_present = count_rows(requests)};
  const ExtractionSettings settings{static_cast<int>(std::min(threads, kMostPicturesInWork)),
                                    spec_.placement.device};
  return extract_features(cache, requests, image_folder(dataset), image_encoder(), settings, log);
}

std::shared_ptr<const TextEncoder> Inputs::text_encoder() {
  if (!text_encoder_) text_encoder_ = std::make_shared<TextTransformer>(model_.checkpoint(), spec_.placement);
  return text_encoder_;
}

const ImageEncoder& Inputs::image_encoder() {
  if (!image_encoder_) image_encoder_ = model_.make_image_encoder(spec_.placement);
  return *image_encoder_;
}

void check_sealed(const FeatureCache& cache, const std::vector<MissingPicture>& missing) {
  if (!cache.sealed() || missing.empty()) return;
  const MissingPicture& first = missing.front();
  const int view = first.views.front();
  // Every picture of the suite has the centre view, so one without it is not the suite's.
  const char* remedy = view == kCentreView ? "put back the split that it was sealed for" : "lower --views";
  throw Error(fmt::format(
      "{}: is sealed and lacks views of {} pictures, first {} of {}; {}, or give the pictures' folder with "
      "--data",
      cache.path().string(), missing.size(), view_name(view), first.image, remedy));
}

}  // namespace promptbed
