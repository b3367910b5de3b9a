#include "cli/data_options.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/installation.h"
#include "base/text.h"

namespace promptbed {
namespace {

/// The usual suite, unless it lacks a dataset and another has all of them.
std::string suite_with(const std::string& datasets, const std::string& usual,
                       const std::filesystem::path& folder) {
  std::vector<std::string> ids;
  std::istringstream in(datasets);
  for (std::string item; std::getline(in, item, ',');) {
    if (item != "all" && !std::filesystem::exists(item)) ids.push_back(item);
  }
  const auto has_all = [&](const Suite& suite) {
    return std::ranges::all_of(ids, [&](const std::string& id) {
      return std::ranges::count(suite.datasets, id, &DatasetSpec::id) > 0;
    });
  };
  if (ids.empty()) return usual;
  std::vector<Suite> suites = read_suites(folder);
  std::stable_partition(suites.begin(), suites.end(), [&](const Suite& suite) { return suite.id == usual; });
  const auto found = std::ranges::find_if(suites, has_all);
  return found == suites.end() ? usual : found->id;
}

}  // namespace

void read_data_options(DataSpec& spec, const Values& values, const std::string& datasets) {
  spec.datasets = datasets;
  spec.suites = datasets_folder();
  spec.suite = chosen_suite(values);
  if (!values.given("suite")) spec.suite = suite_with(datasets, spec.suite, spec.suites);
  spec.cache = values.text("cache");
  spec.data = values.text("data");
  spec.templates = values.text("templates");
  spec.class_names = values.text("class-names");
}

std::string chosen_suite(const Values& values) {
  if (values.given("suite")) return values.text("suite");
  return values.given("data") ? "paper" : "pocket";
}

DrawChanges read_draw_changes(const Values& values) {
  DrawChanges changes;
  if (values.given("label-noise"))
    changes.noise = parse_label_noise(values.text("label-noise"), "--label-noise");
  if (values.given("imbalance")) {
    changes.imbalance = *values.real("imbalance");
    check_imbalance(changes.imbalance, "--imbalance");
  }
  return changes;
}

bool validates_on_training(const Values& values) {
  return values.one_of<bool>("imagenet-val", {{"none", false}, {"train", true}});
}

const DatasetSpec& only_dataset(const ChosenDatasets& chosen) {
  if (chosen.list().size() != 1)
    throw Error(fmt::format("{} datasets are named where one is needed; give one", chosen.list().size()));
  return chosen.list().front();
}

ClassSet class_set_of(const Values& values) {
  return values.one_of<ClassSet>("class-set",
                                 {{"base", ClassSet::base}, {"new", ClassSet::new_}, {"all", ClassSet::all}});
}

void print_notes(const Split& split) {
  for (const std::string& note : split.notes) fmt::print(stderr, "note: {}\n", printable(note));
}

}  // namespace promptbed
