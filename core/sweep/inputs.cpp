#include "sweep/inputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostPicturesInWork = 64;

/// The model that the user named, or else the suite's own.
fs::path model_path(const InputSpec& spec, const Suite& suite) {
  if (!spec.model.empty()) return spec.model;
  if (suite.model.empty())
    throw Error(fmt::format("suite {} has no model of its own; give one with --model", suite.id));
  return suite.model;
}

}  // namespace

Inputs::Inputs(InputSpec spec)
    : spec_(std::move(spec)),
      chosen_(spec_),
      model_(ClipModel::load(model_path(spec_, chosen_.suite()), spec_.activation)) {}

bool Inputs::is_sealed(const DatasetSpec& dataset) const {
  return chosen_.is_embedded(dataset) && !chosen_.suite().features.empty();
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
  if (!is_sealed(dataset)) return {cache_path(spec_.cache, key), key};
  const fs::path& sealed = chosen_.suite().features;
  // Sealed features are what they are: without some in --precision, it concerns the text tower alone.
  if (!fs::exists(sealed_path(sealed, key))) key.precision = Precision::f32;
  const fs::path path = sealed_path(sealed, key);
  if (!fs::exists(path)) {
    throw Error(
        fmt::format("{}: no such file: suite {} has no features of {} with it; put it back, or give the "
                    "pictures' folder with --data",
                    path.string(), chosen_.suite().id, dataset.id));
  }
  return {path, key};
}

std::string Inputs::feature_source() const {
  const bool some_sealed =
      std::ranges::any_of(datasets(), [&](const DatasetSpec& dataset) { return is_sealed(dataset); });
  const bool some_own = std::ranges::any_of(datasets(), &DatasetSpec::is_own);
  std::string text = "features: ";
  if (some_sealed) text += fmt::format("sealed, in {}", chosen_.suite().features.string());
  if (some_sealed && some_own) text += "; others ";
  if (!some_sealed || some_own) {
    text += fmt::format("cached in {}, extracted from the pictures in {}", spec_.cache.string(),
                        picture_folders());
  }
  return text;
}

std::string Inputs::picture_folders() const {
  std::vector<std::string> folders;
  for (const DatasetSpec& dataset : datasets()) {
    const std::string folder = (dataset.is_own() ? dataset.folder : chosen_.data()).string();
    if (!is_sealed(dataset) && std::ranges::find(folders, folder) == folders.end()) folders.push_back(folder);
  }
  return fmt::format("{}", fmt::join(folders, ", "));
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
