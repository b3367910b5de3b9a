#include "sweep/image_identity.h"

#include <fmt/format.h>

#include <map>
#include <set>

namespace promptbed {
namespace {

/// The same for runs that differ in nothing but what their images held.
std::string id_without_images(RunSpec spec) {
  spec.images.clear();
  return spec.id();
}

/// Those of the runs to be made, by dataset.
std::map<std::string, std::set<std::string>> wanted_ids(const std::vector<PlannedRun>& runs) {
  std::map<std::string, std::set<std::string>> wanted;
  for (const PlannedRun& run : runs) {
    const RunSpec& spec = run.job.run;
    if (run.obstacle.empty() && !run.done() && !spec.images.empty())
      wanted[spec.dataset].insert(id_without_images(spec));
  }
  return wanted;
}

}  // namespace

std::string hash_of_images(const std::string& dataset, const FeatureRequest& request,
                           OpenDatasets& datasets) {
  const FeatureCache& cache = datasets.features(dataset);
  if (cache.sealed()) {
    const bool lacks_some =
        !cache.missing({&request, 1}, nullptr).empty();  // for which check_sealed has words
    return lacks_some ? "" : cache.hash_of_images({&request, 1}, nullptr);
  }
  ContentIndex& contents = datasets.contents(dataset);
  for (const MissingPicture& missing : cache.missing({&request, 1}, nullptr)) {
    if (contents.find(missing.image)) continue;
    throw PictureError(
        fmt::format("{}: cannot be read as a file, and its features are not in the cache; put the image "
                    "back, or correct its permissions",
                    contents.files().path_of(missing.image).string()));
  }
  return cache.hash_of_images({&request, 1}, &contents);
}

std::string hash_of_pictures(const std::string& dataset, const std::vector<Image>& images,
                             OpenDatasets& datasets) {
  ContentIndex& contents = datasets.contents(dataset);
  std::vector<std::string> paths;
  for (const Image& image : images) {
    if (!contents.find(image.path)) {
      throw PictureError(
          fmt::format("{}: cannot be read as a file; put the image back, or correct its permissions",
                      contents.files().path_of(image.path).string()));
    }
    paths.push_back(image.path);
  }
  return hash_of_files(paths, contents);
}

std::vector<std::string> image_warnings(const std::vector<PlannedRun>& runs, const KnownRuns& known) {
  const auto wanted = wanted_ids(runs);
  std::set<std::string> planned;  // what lacks no more than tests is of the same images
  for (const PlannedRun& run : runs) planned.insert(run.id);
  std::map<std::string, int64_t> changed, unknown;  // runs by dataset
  for (const auto& [id, record] : known.all()) {
    const RunSpec& spec = record.spec;
    const auto ids = wanted.find(spec.dataset);
    if (record.status != RunStatus::done || ids == wanted.end() || planned.contains(id)) continue;
    if (ids->second.contains(id_without_images(spec)))
      ++(spec.images.empty() ? unknown : changed)[spec.dataset];
  }
  std::vector<std::string> warnings;
  for (const auto& [dataset, count] : changed) {
    warnings.push_back(
        fmt::format("{}: its images have changed since {} of these runs were made; they are made again, of "
                    "what the images "
                    "hold now",
                    dataset, count));
  }
  for (const auto& [dataset, count] : unknown) {
    warnings.push_back(
        fmt::format("{}: {} of these runs were made by an earlier version, which did not say what its images "
                    "held; they are "
                    "made again",
                    dataset, count));
  }
  return warnings;
}

}  // namespace promptbed
