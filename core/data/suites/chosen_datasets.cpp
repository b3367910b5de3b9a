#include "data/suites/chosen_datasets.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "data/layouts/cache_file.h"
#include "data/suites/given_names.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> split_at_commas(const std::string& list) {
  std::vector<std::string> parts;
  std::istringstream in(list);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  return parts;
}

bool has(const std::vector<DatasetSpec>& datasets, std::string_view id) {
  return std::ranges::any_of(datasets, [&](const DatasetSpec& spec) { return spec.id == id; });
}

/// Whether an item that names no dataset is meant as a path.
bool is_path(const std::string& item) {
  std::error_code failure;
  return item.find('/') != std::string::npos || fs::exists(item, failure);
}

}  // namespace

ChosenDatasets::ChosenDatasets(DataSpec spec)
    : spec_(std::move(spec)), suite_(read_suite(spec_.suites, spec_.suite)), embedded_(spec_.data.empty()) {
  choose();
  for (DatasetSpec& dataset : datasets_) dataset.crops = spec_.crops.value_or(dataset.crops);
  apply_user_words(spec_.templates, spec_.class_names, datasets_, spec_.elsewhere);
  if (!spec_.data.empty() || std::ranges::all_of(datasets_, &DatasetSpec::is_own)) return;
  if (suite_.data.empty())
    throw Error(fmt::format("suite {} embeds no data; give a folder with --data", suite_.id));
  spec_.data = suite_.data;
}

void ChosenDatasets::choose() {
  std::vector<std::string> ids, paths;
  for (const std::string& item : split_at_commas(spec_.datasets))
    (item != "all" && !has(suite_.datasets, item) && is_path(item) ? paths : ids).push_back(item);
  const bool all = std::ranges::find(ids, "all") != ids.end();
  for (const std::string& id : ids) {
    if (id != "all") suite_.at(id);  // throws for an unknown id
  }
  for (const DatasetSpec& dataset : suite_.datasets) {
    if (all || std::ranges::find(ids, dataset.id) != ids.end()) datasets_.push_back(dataset);
  }
  for (const std::string& path : paths) add_own(path);
  if (datasets_.empty()) throw Error("no dataset is named; give ids, paths of your own datasets, or all");
}

void ChosenDatasets::add_own(const std::string& path) {
  std::error_code failure;
  if (!fs::exists(path, failure))
    throw Error(fmt::format("{}: no such folder or manifest of a dataset; check the path", path));
  DatasetSpec own = read_own_dataset(path);
  for (const Suite& suite : read_suites(spec_.suites)) {
    if (has(suite.datasets, own.id)) {
      throw Error(
          fmt::format("{}: '{}' is a dataset of suite {}; give yours another \"id\" in its dataset.json",
                      path, own.id, suite.id));
    }
  }
  if (has(datasets_, own.id))
    throw Error(fmt::format("{}: two datasets are called '{}'; give one another \"id\" in dataset.json", path,
                            own.id));
  datasets_.push_back(std::move(own));
}

const DatasetSpec& ChosenDatasets::at(std::string_view id) const {
  const auto found = std::ranges::find(datasets_, id, &DatasetSpec::id);
  if (found == datasets_.end())
    throw Error(fmt::format("dataset '{}' is not among {}; add it", id, spec_.datasets));
  return *found;
}

Split ChosenDatasets::read_split(const DatasetSpec& dataset) const {
  return promptbed::read_split(dataset, spec_.data, spec_.cache);
}

ImageFiles ChosenDatasets::images(const DatasetSpec& dataset) const {
  return ImageFiles((spec_.data / dataset.folder / dataset.images).lexically_normal());
}

ContentIndex ChosenDatasets::contents(const DatasetSpec& dataset) const {
  ImageFiles files = images(dataset);
  const fs::path file = cache_file(spec_.cache, "contents", dataset.id, files.place(), ".idx");
  return ContentIndex(std::move(files), file);
}

}  // namespace promptbed
