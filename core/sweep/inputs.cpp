#include "sweep/inputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>

#include "features/feature_writer.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostImagesInWork = 64;

/// The model that the user named, or else the suite's own.
fs::path model_path(const InputSpec& spec, const Suite& suite) {
  if (!spec.model.empty()) return spec.model;
  if (suite.model.empty())
    throw Error(fmt::format("suite {} has no model of its own; give one with --model", suite.id));
  return suite.model;
}

/// The datasets of a suite.
std::set<std::string> ids_in_suite(const std::string& suite, const InputSpec& spec) {
  std::set<std::string> ids;
  for (const DatasetSpec& dataset : read_suite(spec.suites, suite).datasets) ids.insert(dataset.id);
  return ids;
}

/// The user's choice, and that of the target suite if there is one.
std::vector<ChosenDatasets> choose(const InputSpec& spec) {
  if (spec.target_suite.empty()) return {ChosenDatasets(spec)};
  DataSpec sources = spec, targets = spec;
  sources.elsewhere = ids_in_suite(spec.target_suite, spec);
  targets.elsewhere = ids_in_suite(spec.suite, spec);
  targets.suite = spec.target_suite;
  targets.datasets = spec.targets;
  return {ChosenDatasets(std::move(sources)), ChosenDatasets(std::move(targets))};
}

void add_once(std::vector<std::string>& texts, const fs::path& path) {
  if (std::ranges::find(texts, path.string()) == texts.end()) texts.push_back(path.string());
}

[[noreturn]] void throw_changed(const std::string& dataset) {
  throw Error(fmt::format("{}: its images have changed since the sweep was planned; sweep again", dataset));
}

/// Puts together what an earlier extraction left half done. A cache that only others may write is read as it
/// is.
void take_up_leftovers(FeatureCache& cache, std::ostream& log) {
  try {
    if (clean_up(cache.path(), cache.key(), log)) cache.reload();
  } catch (const Error&) {
    // What is missing because of it is extracted again, or says itself why it cannot be written.
  }
}

}  // namespace

Inputs::Inputs(InputSpec spec)
    : spec_(std::move(spec)),
      chosen_(choose(spec_)),
      model_(ClipModel::load(model_path(spec_, chosen_.front().suite()), spec_.activation)) {}

std::vector<DatasetSpec> Inputs::targets() const {
  return chosen_.size() > 1 ? chosen_.back().list() : std::vector<DatasetSpec>();
}

const DatasetSpec& Inputs::dataset(const std::string& id) const {
  for (const ChosenDatasets& chosen : chosen_) {
    const auto found = std::ranges::find(chosen.list(), id, &DatasetSpec::id);
    if (found != chosen.list().end()) return *found;
  }
  return chosen_.front().at(id);  // says which there are
}

const ChosenDatasets& Inputs::chosen_of(const DatasetSpec& dataset) const {
  const auto has_it = [&](const ChosenDatasets& chosen) {
    return std::ranges::find(chosen.list(), dataset.id, &DatasetSpec::id) != chosen.list().end();
  };
  return chosen_.size() > 1 && has_it(chosen_.back()) ? chosen_.back() : chosen_.front();
}

bool Inputs::is_sealed(const DatasetSpec& dataset) const {
  const auto known = sealed_.find(dataset.id);
  if (known != sealed_.end()) return known->second;
  const ChosenDatasets& chosen = chosen_of(dataset);
  bool sealed = chosen.is_embedded(dataset) && !chosen.suite().features.empty();
  // Without images there is nothing else: whoever opens the file says why it does not serve.
  if (sealed && !serves(sealed_key(dataset))) sealed = !chosen.images(dataset).exist();
  return sealed_.emplace(dataset.id, sealed).first->second;
}

bool Inputs::serves(const CacheKey& sealed) const {
  const DatasetSpec& described = dataset(sealed.dataset);
  const fs::path path = sealed_path(chosen_of(described).suite().features, sealed);
  if (!fs::exists(path)) return true;  // whoever opens it says so: it is a part of the suite
  const FeatureFile file(path);
  if (!difference(file.key(), sealed).empty()) return false;
  const auto is_last_view = [&](const FeatureRow& row) { return row.view == spec_.views - 1; };
  return spec_.views == 0 || std::ranges::any_of(file.rows(), is_last_view) ||
         read_split(described).train.empty();  // a test set, of which nobody asks for views
}

CacheKey Inputs::key_of(const DatasetSpec& dataset) const {
  CacheKey key;
  key.model = model_.fingerprint();
  key.preprocessing = model_.preprocessing();
  key.precision = spec_.placement.precision;
  key.dataset = dataset.id;
  if (spec_.views > 0) key.crops = dataset.crops;  // a centre crop is the same whatever those cover
  key.width = model_.embedding_width();
  return key;
}

CacheKey Inputs::sealed_key(const DatasetSpec& dataset) const {
  CacheKey key = key_of(dataset);
  // Where nobody asks for views, it does not matter what those in the file cover.
  if (spec_.views == 0) key.crops = chosen_of(dataset).suite().at(dataset.id).crops;
  // Sealed features come in one precision: if there are none in --precision, it concerns the text tower
  // alone.
  if (!fs::exists(sealed_path(chosen_of(dataset).suite().features, key))) key.precision = Precision::f32;
  return key;
}

FeatureCache Inputs::open_cache(const DatasetSpec& dataset) const {
  if (!is_sealed(dataset)) {
    const CacheKey key = key_of(dataset);
    return {cache_path(spec_.cache, key), key};
  }
  const Suite& suite = chosen_of(dataset).suite();
  const CacheKey key = sealed_key(dataset);
  const fs::path path = sealed_path(suite.features, key);
  if (!fs::exists(path)) {
    throw Error(fmt::format(
        "{}: no such file: suite {} has no features of {} without it; put it back, or give the images' "
        "folder with --data",
        path.string(), suite.id, dataset.id));
  }
  return {path, key};
}

FeatureCache Inputs::open_test_views(const DatasetSpec& dataset) const {
  CacheKey key = key_of(dataset);
  key.crops = dataset.crops;
  return {test_views_path(spec_.cache, key), key};
}

void Inputs::check_images_exist(const DatasetSpec& dataset, const std::string& method) const {
  const ImageFiles images = chosen_of(dataset).images(dataset);
  if (images.exist()) return;
  throw PictureError(
      fmt::format("{}: {} needs the images of {}, and there are features only; give their folder "
                  "with --data",
                  images.place().string(), method, dataset.id));
}

std::unique_ptr<PixelSource> Inputs::pixels(const DatasetSpec& dataset, const std::vector<Image>& images,
                                            int64_t seed, bool fresh_crops) const {
  ContentIndex& files = contents(dataset);
  std::vector<PicturePixels::Named> named;
  for (const Image& image : images) named.push_back({image.path, files.find(image.path).value_or(0)});
  return std::make_unique<PicturePixels>(
      chosen_of(dataset).images(dataset), dataset.id, std::move(named), static_cast<uint64_t>(seed),
      PicturePixels::Style{model_.preprocessing(), dataset.crops, fresh_crops});
}

std::unique_ptr<PixelSource> Inputs::centre_pixels(const DatasetSpec& dataset,
                                                   const std::vector<Image>& images) const {
  std::vector<PicturePixels::Named> named;
  for (const Image& image : images) named.push_back({image.path});
  return std::make_unique<PicturePixels>(
      chosen_of(dataset).images(dataset), dataset.id, std::move(named), /*seed=*/0,
      PicturePixels::Style{model_.preprocessing(), dataset.crops, /*fresh_crops=*/false});
}

ContentIndex& Inputs::contents(const DatasetSpec& dataset) const {
  const auto found = contents_.find(dataset.id);
  if (found != contents_.end()) return found->second;
  return contents_.emplace(dataset.id, chosen_of(dataset).contents(dataset)).first->second;
}

void Inputs::save_contents() const {
  try {
    for (auto& [dataset, contents] : contents_) contents.save();
  } catch (const Error&) {
    // A cache that only others may write: the next process looks at the images again.
  }
}

std::vector<DatasetSpec> Inputs::datasets_where(bool sealed) const {
  std::vector<DatasetSpec> found;
  for (const ChosenDatasets& chosen : chosen_) {
    for (const DatasetSpec& dataset : chosen.list()) {
      if (is_sealed(dataset) == sealed) found.push_back(dataset);
    }
  }
  return found;
}

std::string Inputs::feature_source() const {
  std::vector<std::string> sealed_in, images_in;
  for (const DatasetSpec& dataset : datasets_where(/*sealed=*/true))
    add_once(sealed_in, chosen_of(dataset).suite().features);
  for (const DatasetSpec& dataset : datasets_where(/*sealed=*/false))
    add_once(images_in, dataset.is_own() ? dataset.folder : chosen_of(dataset).data());
  std::string text = "features: ";
  if (!sealed_in.empty()) text += fmt::format("sealed, in {}", fmt::join(sealed_in, ", "));
  if (!sealed_in.empty() && !images_in.empty()) text += "; others ";
  if (!images_in.empty()) {
    text += fmt::format("cached in {}, extracted from the images in {}", spec_.cache.string(),
                        fmt::join(images_in, ", "));
  }
  return text;
}

ExtractionReport Inputs::extract(const DatasetSpec& dataset, std::span<const FeatureRequest> requests,
                                 int64_t threads, std::ostream& log) {
  return fill(open_cache(dataset), dataset, requests, threads, log);
}

ExtractionReport Inputs::extract_test_views(const DatasetSpec& dataset,
                                            std::span<const FeatureRequest> requests, int64_t threads,
                                            std::ostream& log) {
  return fill(open_test_views(dataset), dataset, requests, threads, log);
}

ExtractionReport Inputs::fill(FeatureCache cache, const DatasetSpec& dataset,
                              std::span<const FeatureRequest> requests, int64_t threads, std::ostream& log) {
  if (!cache.sealed()) take_up_leftovers(cache, log);
  const auto missing = cache.missing(requests, cache.sealed() ? nullptr : &contents(dataset));
  check_sealed(cache, missing);
  save_contents();
  if (missing.empty()) return {.rows_present = count_rows(requests)};
  const ExtractionSettings settings{static_cast<int>(std::min(threads, kMostImagesInWork)),
                                    spec_.placement.device};
  return extract_features(cache, requests, contents(dataset), image_encoder(), settings, log);
}

std::shared_ptr<const TextEncoder> Inputs::text_encoder() {
  if (!text_encoder_) text_encoder_ = std::make_shared<TextTransformer>(model_.checkpoint(), spec_.placement);
  return text_encoder_;
}

const ImageEncoder& Inputs::image_encoder() {
  if (!image_encoder_) image_encoder_ = model_.make_image_encoder(spec_.placement);
  return *image_encoder_;
}

std::shared_ptr<const ImageEncoder> Inputs::prompted_image_encoder() {
  if (!prompted_image_encoder_) prompted_image_encoder_ = model_.make_prompted_image_encoder(spec_.placement);
  return prompted_image_encoder_;
}

void check_sealed(const FeatureCache& cache, const std::vector<MissingPicture>& missing) {
  if (!cache.sealed() || missing.empty()) return;
  const MissingPicture& first = missing.front();
  const int view = first.views.front();
  // Every image of the suite has the centre view, so one without it is not the suite's.
  const char* remedy = view == kCentreView ? "put back the split that it was sealed for" : "lower --views";
  throw Error(fmt::format(
      "{}: is sealed and lacks views of {} images, first {} of {}; {}, or give the images' folder with "
      "--data",
      cache.path().string(), missing.size(), view_name(view), first.image, remedy));
}

const Split& OpenDatasets::split(const std::string& dataset, const std::string& hash) {
  auto found = splits_.find(dataset);
  if (found == splits_.end()) {
    Split split = inputs_.read_split(inputs_.dataset(dataset));
    std::string its_hash = split.hash();
    found = splits_.emplace(dataset, HashedSplit{std::move(split), std::move(its_hash)}).first;
  }
  if (found->second.hash != hash)
    throw Error(fmt::format("{}: its split has changed since the sweep was planned; sweep again", dataset));
  return found->second.split;
}

const FeatureCache& OpenDatasets::features(const std::string& dataset) {
  const auto found = features_.find(dataset);
  if (found != features_.end()) return found->second;
  return features_.emplace(dataset, inputs_.open_cache(inputs_.dataset(dataset))).first->second;
}

std::shared_ptr<const FeatureCache> OpenDatasets::test_views(const std::string& dataset) {
  auto& views = test_views_[dataset];
  if (!views) views = std::make_shared<FeatureCache>(inputs_.open_test_views(inputs_.dataset(dataset)));
  return views;
}

void OpenDatasets::check_pictures(const std::string& dataset, const std::vector<Image>& images,
                                  const std::string& hash) {
  if (hash.empty()) return;  // planned on sealed features that do not say what their images held
  std::vector<std::string> paths;
  for (const Image& image : images) paths.push_back(image.path);
  if (hash_of_files(paths, contents(dataset)) == hash) return;
  throw_changed(dataset);
}

void OpenDatasets::check_images(const std::string& dataset, std::span<const FeatureRequest> requests,
                                const std::string& hash) {
  if (features(dataset).hash_of_images(requests, nullptr) != hash) throw_changed(dataset);
}

void OpenDatasets::check_test_views(const std::string& dataset, const FeatureRequest& request,
                                    const std::string& hash) {
  if (hash.empty()) return;  // planned on sealed features that do not say what their images held
  if (test_views(dataset)->hash_of_images({&request, 1}, nullptr) != hash) throw_changed(dataset);
}

void OpenDatasets::keep_only(const std::set<std::string>& datasets) {
  const auto is_other = [&](const auto& entry) { return !datasets.contains(entry.first); };
  std::erase_if(splits_, is_other);
  std::erase_if(features_, is_other);
  std::erase_if(test_views_, is_other);
}

}  // namespace promptbed
