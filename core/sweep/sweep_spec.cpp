#include "sweep/sweep_spec.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <vector>

#include "data/suites/dataset_spec.h"
#include "data/suites/suite.h"

namespace promptbed {
namespace {

constexpr const char* kUsualSource = "imagenet";

bool has(const Suite& suite, const std::string& id) {
  return std::ranges::find(suite.datasets, id, &DatasetSpec::id) != suite.datasets.end();
}

/// The usual source if it is among the ids, or else the first of them.
std::string usual_or_first(const std::vector<std::string>& ids) {
  const bool usual = std::ranges::find(ids, kUsualSource) != ids.end();
  return usual ? kUsualSource : ids.front();
}

std::vector<std::string> ids_of(const Suite& suite) {
  std::vector<std::string> ids;
  for (const DatasetSpec& dataset : suite.datasets) ids.push_back(dataset.id);
  return ids;
}

/// Those of the suite's datasets that have shifted versions.
std::vector<std::string> shifted_ids(const Suite& suite, const std::vector<Suite>& suites) {
  std::vector<std::string> ids;
  for (const DatasetSpec& dataset : suite.datasets) {
    if (std::ranges::find(suites, dataset.id, &Suite::shifts) != suites.end()) ids.push_back(dataset.id);
  }
  return ids;
}

/// The id of a dataset that the user names: one of the suite by its id, or their own by its path.
std::string id_of(const std::string& name, const Suite& suite) {
  const bool is_path = !has(suite, name) && std::filesystem::exists(name);
  return is_path ? read_own_dataset(name).id : suite.at(name).id;
}

/// All of the suite but the source, as a list.
std::string others(const Suite& suite, const std::string& source) {
  std::vector<std::string> ids = ids_of(suite);
  std::erase(ids, source);
  if (ids.empty())
    throw Error(
        fmt::format("suite {} has no dataset besides {}; name some with --targets", suite.id, source));
  return fmt::format("{}", fmt::join(ids, ","));
}

void check_apart(const std::string& source, const std::string& targets) {
  std::istringstream in(targets);
  for (std::string target; std::getline(in, target, ',');) {
    if (target == source)
      throw Error(
          fmt::format("--targets {}: {} is the source and tested anyway; leave it out", targets, source));
  }
}

void choose_for_cross_dataset(SweepSpec& spec, const SourceChoice& choice, const Suite& suite) {
  const std::string source = choice.source.empty() ? usual_or_first(ids_of(suite)) : choice.source;
  spec.source = id_of(source, suite);
  const bool all = choice.targets.empty() || choice.targets == "all";
  const std::string targets = all ? others(suite, spec.source) : choice.targets;
  check_apart(source, targets);
  spec.datasets = source + "," + targets;
}

void choose_for_domain(SweepSpec& spec, const SourceChoice& choice, const Suite& suite) {
  const std::vector<Suite> suites = read_suites(spec.suites);
  const std::vector<std::string> shifted = shifted_ids(suite, suites);
  if (shifted.empty())
    throw Error(
        fmt::format("suite {} has no dataset with shifted versions, which --protocol domain tests; "
                    "choose another with --suite",
                    suite.id));
  spec.source = choice.source.empty() ? usual_or_first(shifted) : id_of(choice.source, suite);
  const auto targets = std::ranges::find(suites, spec.source, &Suite::shifts);
  if (targets == suites.end())
    throw Error(fmt::format("{} {}: no suite has shifted versions of it; datasets of {} that have some: {}",
                            choice.option, choice.source, suite.id, fmt::join(shifted, ", ")));
  spec.datasets = spec.source;
  spec.target_suite = targets->id;
  spec.targets = choice.targets.empty() ? "all" : choice.targets;
}

}  // namespace

void choose_source(SweepSpec& spec, const SourceChoice& choice) {
  const Suite suite = read_suite(spec.suites, spec.suite);
  if (spec.protocol == Protocol::cross_dataset) {
    choose_for_cross_dataset(spec, choice, suite);
  } else {
    choose_for_domain(spec, choice, suite);
  }
}

}  // namespace promptbed
