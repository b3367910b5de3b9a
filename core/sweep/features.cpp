#include "sweep/features.h"

#include <ATen/ATen.h>
#include <promptbed/error.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <tuple>

#include "features/extraction.h"

namespace promptbed {
namespace {

bool tests(const PlannedRun& run, const std::string& dataset) {
  return std::ranges::find(*run.job.tests, dataset, &JobTest::dataset) != run.job.tests->end();
}

}  // namespace

std::vector<std::string> paths_of(const std::vector<Image>& images) {
  std::vector<std::string> paths;
  paths.reserve(images.size());
  for (const Image& image : images) paths.push_back(image.path);
  return paths;
}

std::vector<int> training_views(int64_t views) {
  if (views <= 0) return {kCentreView};
  std::vector<int> all(static_cast<size_t>(views));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

FeatureRequest test_request(const Split& split) {
  return {paths_of(split.test), {kCentreView}};
}

FeatureRequest test_views_request(const Split& split, int64_t views) {
  return {paths_of(split.test), training_views(views)};
}

FeatureRequest training_request(const Job& job) {
  return {paths_of(job.data->draw.train), training_views(job.run.views)};
}

FeatureRequest validation_request(const Job& job) {
  return {paths_of(job.data->draw.val), {kCentreView}};
}

const char* validation_part(Selection selection) {
  return selection == Selection::full_validation ? "full_val" : "val";
}

std::vector<FeatureRequest> requests_of(const Split& split, int64_t views) {
  std::vector<int> centre_and_views = {kCentreView};
  for (int view = 0; view < views; ++view) centre_and_views.push_back(view);
  return {
      {paths_of(split.train), centre_and_views}, {paths_of(split.val), {kCentreView}}, test_request(split)};
}

std::vector<FeatureRequest> requests_of(const PlannedDataset& dataset,
                                        const std::vector<const PlannedRun*>& runs) {
  const std::string& id = dataset.spec.id;
  std::map<std::vector<int>, std::set<std::string>> wanted;  // images by views: runs ask for the same ones
  std::set<std::tuple<const JobData*, std::vector<int>, bool>> asked;
  const auto is_first = [&](const PlannedRun& run, const std::vector<int>& views, bool validates) {
    return asked.emplace(&*run.job.data, views, validates).second;
  };
  const auto want = [&](const FeatureRequest& request) {
    wanted[request.views].insert(request.images.begin(), request.images.end());
  };
  for (const PlannedRun* run : runs) {
    if (run->dataset->spec.id != id || !run->method->trainable()) continue;
    if (!run->needs.pixels && is_first(*run, training_views(run->job.run.views), false))
      want(training_request(run->job));
    if (run->needs.validation_features && is_first(*run, {kCentreView}, true))
      want(validation_request(run->job));
  }
  std::vector<FeatureRequest> requests;
  const auto reads_test = [&](const PlannedRun* run) { return !run->needs.pixels && tests(*run, id); };
  if (std::ranges::any_of(runs, reads_test)) requests.push_back(test_request(dataset.split));
  for (const auto& [views, images] : wanted) requests.push_back({{images.begin(), images.end()}, views});
  return requests;
}

std::vector<FeatureRequest> test_views_of(const PlannedDataset& dataset,
                                          const std::vector<const PlannedRun*>& runs) {
  int64_t views = 0;
  for (const PlannedRun* run : runs) {
    if (tests(*run, dataset.spec.id)) views = std::max(views, run->needs.views_at_test);
  }
  if (views == 0) return {};
  return {test_views_request(dataset.split, views)};
}

std::vector<Extraction> extractions_of(const Plan& plan, const std::vector<const PlannedRun*>& runs,
                                       const Inputs& inputs) {
  std::vector<Extraction> extractions;
  for (const auto& dataset : plan.datasets) {
    const DatasetSpec& spec = dataset->spec;
    Extraction needed{
        .dataset = spec.id, .views = requests_of(*dataset, runs), .crops = test_views_of(*dataset, runs)};
    const FeatureCache cache = inputs.open_cache(spec);
    const auto missing = cache.missing(needed.views, cache.sealed() ? nullptr : &inputs.contents(spec));
    check_sealed(cache, missing);
    std::set<std::string> images;
    for (const MissingPicture& picture : missing) images.insert(picture.image);
    if (!needed.crops.empty()) {
      for (const MissingPicture& picture :
           inputs.open_test_views(spec).missing(needed.crops, &inputs.contents(spec)))
        images.insert(picture.image);
    }
    needed.missing = static_cast<int64_t>(images.size());
    extractions.push_back(std::move(needed));
  }
  return extractions;
}

std::map<std::string, std::string> extract(const std::vector<Extraction>& extractions, Inputs& inputs,
                                           int64_t threads, std::ostream& log) {
  std::map<std::string, std::string> spoilt;
  for (const Extraction& extraction : extractions) {
    const DatasetSpec& dataset = inputs.dataset(extraction.dataset);
    try {
      inputs.extract(dataset, extraction.views, threads, log);
      if (!extraction.crops.empty()) inputs.extract_test_views(dataset, extraction.crops, threads, log);
    } catch (const PictureError& fault) {
      spoilt[extraction.dataset] = fault.what();
    }
  }
  return spoilt;
}

Tensor labels_of(const std::vector<Image>& images) {
  std::vector<int64_t> labels;
  labels.reserve(images.size());
  for (const Image& image : images) labels.push_back(image.label);
  return torch::tensor(labels, torch::kLong);
}

FeatureSet read_features(const FeatureCache& cache, const std::vector<Image>& images,
                         const std::vector<int>& views, torch::Device device) {
  return {cache.read(paths_of(images), views).to(device), labels_of(images).to(device)};
}

std::function<Tensor(const Tensor& rows)> crops_of(std::shared_ptr<const FeatureCache> test_views,
                                                   const std::vector<Image>& images, int64_t views) {
  return [cache = std::move(test_views), paths = paths_of(images),
          all = training_views(views)](const Tensor& rows) {
    std::vector<std::string> wanted;
    for (int64_t i = 0; i < rows.size(0); ++i)
      wanted.push_back(paths.at(static_cast<size_t>(rows[i].item<int64_t>())));
    return cache->read(wanted, all);
  };
}

}  // namespace promptbed
