#include "report/select/series.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "report/select/variants.h"

namespace promptbed {
namespace {

/// What was asked for, or else what the runs have, sorted.
template <class Value, class Field>
std::vector<Value> asked_or_found(const std::vector<Value>& asked, const RunSelection& selection,
                                  const Field& field) {
  if (!asked.empty()) return asked;
  std::set<Value> found;
  for (const SelectedRun& run : selection.runs) found.insert(field(run.spec()));
  return {found.begin(), found.end()};
}

}  // namespace

std::vector<Series> series_of(const RunSelection& selection, const ReportQuery& query) {
  std::vector<Series> all;
  for (const std::string& method :
       asked_or_found(query.methods, selection, [](const RunSpec& spec) { return spec.method; })) {
    Runs runs;
    std::vector<RunSpec> specs;
    for (const SelectedRun& run : selection.runs) {
      if (run.spec().method != method) continue;
      runs.push_back(&run);
      specs.push_back(run.spec());
    }
    const std::vector<std::string> labels = variant_labels(specs);
    std::map<std::string, Runs> variants;
    for (size_t i = 0; i < runs.size(); ++i) variants[labels[i]].push_back(runs[i]);
    if (variants.empty()) variants[""];
    for (const auto& [variant, members] : variants) all.push_back({method, variant, members});
  }
  return all;
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
  for (const SelectedRun& run : selection.runs) {
    if (run.is_trained()) found.insert(run.spec().seed);
  }
  return {found.begin(), found.end()};
}

Runs runs_at(const Runs& runs, int64_t shots) {
  Runs kept;
  std::ranges::copy_if(runs, std::back_inserter(kept), [&](const SelectedRun* run) {
    return !run->is_trained() || run->spec().shots == shots;
  });
  return kept;
}

Runs runs_on(const Runs& runs, std::string_view dataset) {
  Runs kept;
  std::ranges::copy_if(runs, std::back_inserter(kept),
                       [&](const SelectedRun* run) { return run->spec().dataset == dataset; });
  return kept;
}

Accuracy accuracy_of(const Runs& runs, std::string_view dataset, std::string_view class_set) {
  std::map<int64_t, double> by_seed;
  std::string refusal;
  for (const SelectedRun* run : runs) {
    if (refusal.empty()) refusal = run->refusal(dataset, class_set);
    const Score* score = run->score(dataset, class_set);
    if (score == nullptr) continue;
    if (!run->is_trained()) return untrained_accuracy(score->accuracy);
    by_seed[run->spec().seed] = score->accuracy;
  }
  return make_accuracy(by_seed, refusal);
}

}  // namespace promptbed
