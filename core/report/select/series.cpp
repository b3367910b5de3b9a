#include "report/select/series.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "report/select/variants.h"

namespace promptbed {
namespace {

/// The age of the oldest run of a series.
Age oldest_of(const Series& series) {
  std::vector<Age> ages;
  for (const RunResults* run : series.runs) ages.push_back(run->age());
  return ages.empty() ? Age() : std::ranges::min(ages);
}

/// What was asked for, or else what the runs have, sorted.
template <class Value, class Field>
std::vector<Value> asked_or_found(const std::vector<Value>& asked, const RunSelection& selection,
                                  const Field& field) {
  if (!asked.empty()) return asked;
  std::set<Value> found;
  for (const RunResults& run : selection.runs) found.insert(field(run.spec()));
  return {found.begin(), found.end()};
}

}  // namespace

std::vector<Series> series_of(const RunSelection& selection, const ReportQuery& query) {
  std::vector<Series> all;
  for (const std::string& method : query.methods.empty() ? methods_of(selection) : query.methods) {
    Runs runs;
    std::vector<const RunSpec*> specs;
    for (const RunResults& run : selection.runs) {
      if (run.spec().method != method) continue;
      runs.push_back(&run);
      specs.push_back(&run.spec());
    }
    const std::vector<std::string> labels = variant_labels(specs);
    std::map<std::string, Runs> variants;
    for (size_t i = 0; i < runs.size(); ++i) variants[labels[i]].push_back(runs[i]);
    if (variants.empty()) variants[""];
    std::vector<Series> own;
    for (const auto& [variant, members] : variants) own.push_back({method, variant, members});
    std::ranges::stable_sort(own, {}, oldest_of);
    std::ranges::move(own, std::back_inserter(all));
  }
  return all;
}

std::vector<std::string> methods_of(const RunSelection& selection) {
  std::set<std::string> found;
  for (const RunResults& run : selection.runs) found.insert(run.spec().method);
  std::vector<std::string> ordered;
  for (const std::string& method : selection.methods) {
    if (found.erase(method) > 0) ordered.push_back(method);
  }
  ordered.insert(ordered.end(), found.begin(), found.end());
  return ordered;
}

std::vector<std::string> datasets_of(const RunSelection& selection, const ReportQuery& query) {
  return in_order(asked_or_found(query.datasets, selection, [](const RunSpec& spec) { return spec.dataset; }),
                  query);
}

std::vector<std::string> in_order(std::vector<std::string> datasets, const ReportQuery& query) {
  if (!query.datasets.empty()) return datasets;
  const auto place = [&](const std::string& dataset) {
    return std::pair(std::ranges::find(query.order, dataset) - query.order.begin(), dataset);
  };
  std::ranges::sort(datasets, {}, place);
  return datasets;
}

std::vector<int64_t> seeds_of(const RunSelection& selection, const ReportQuery& query) {
  if (!query.seeds.empty()) return query.seeds;
  std::set<int64_t> found;
  for (const RunResults& run : selection.runs) {
    if (run.has_seed()) found.insert(run.spec().seed);
  }
  return {found.begin(), found.end()};
}

Runs runs_on(const Runs& runs, std::string_view dataset) {
  Runs kept;
  std::ranges::copy_if(runs, std::back_inserter(kept),
                       [&](const RunResults* run) { return run->spec().dataset == dataset; });
  return kept;
}

}  // namespace promptbed
