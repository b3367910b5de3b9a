#include "sweep/run_images.h"

#include "sweep/features.h"

namespace promptbed {

ShownImages RunImages::train() {
  if (needs_.pixels) {
    bench_.datasets().check_pictures(job_.run.dataset, job_.data->draw.train, planned("train"));
  } else {
    check_features("train", training_request(job_));
  }
  return shown(job_.run.dataset, job_.data->draw.train, training_views(job_.run.views));
}

FeatureSet RunImages::validation() {
  check_features(job_.run.images.contains("full_val") ? "full_val" : "val", validation_request(job_));
  return read_features(bench_.datasets().features(job_.run.dataset), job_.data->draw.val, {kCentreView},
                       bench_.spec().placement.device);
}

ShownImages RunImages::test(const JobTest& test) {
  const Split& split = bench_.datasets().split(test.dataset, test.split_hash);
  if (needs_.pixels) {
    bench_.datasets().check_pictures(test.dataset, split.test, test.images);
  } else {
    const FeatureRequest tested = test_request(split);
    bench_.datasets().check_images(test.dataset, {&tested, 1}, test.images);
  }
  ShownImages images = shown(test.dataset, subset(split.test, split, test.classes), {kCentreView});
  if (needs_.views_at_test > 0) add_test_views(images, test, split);
  if (is_online_) images.stream = static_cast<uint64_t>(job_.run.seed);
  return images;
}

/// Gives the random crops that the method asks for.
void RunImages::add_test_views(ShownImages& images, const JobTest& test, const Split& split) {
  OpenDatasets& datasets = bench_.datasets();
  datasets.check_test_views(test.dataset, test_views_request(split, needs_.views_at_test), test.images);
  images.crops = crops_of(datasets.test_views(test.dataset), subset(split.test, split, test.classes),
                          needs_.views_at_test);
}

ShownImages RunImages::own_test(ClassSet classes) {
  return test({job_.run.dataset, job_.run.split_hash, classes, planned("test")});
}

/// The hash of what the images of a part of the dataset held when the run was planned.
std::string RunImages::planned(const char* part) const {
  const auto found = job_.run.images.find(part);
  return found == job_.run.images.end() ? "" : found->second;
}

void RunImages::check_features(const char* part, const FeatureRequest& request) {
  bench_.datasets().check_images(job_.run.dataset, {&request, 1}, planned(part));
}

/// Crops as the run has them; features in the given views.
ShownImages RunImages::shown(const std::string& dataset, const std::vector<Image>& images,
                             const std::vector<int>& views) {
  const torch::Device device = bench_.spec().placement.device;
  if (!needs_.pixels) return {read_features(bench_.datasets().features(dataset), images, views, device)};
  const Inputs& inputs = bench_.inputs();
  return {{Tensor(), labels_of(images).to(device)},
          inputs.pixels(inputs.dataset(dataset), images, job_.run.seed, job_.run.views == kFreshCrops)};
}

}  // namespace promptbed
