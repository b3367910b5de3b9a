#include "report/select/snapshot.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace promptbed {
namespace {

Age age_of(const RunRecord& run) {
  return {run.created, run.sequence == 0 ? std::numeric_limits<int64_t>::max() : run.sequence};
}

/// All methods of these runs, in the order in which reports show them.
std::vector<std::string> methods_by_age(const std::vector<RunRecord>& runs) {
  std::map<std::string, std::pair<bool, Age>> firsts;  // whether it is trained, and since when
  for (const RunRecord& run : runs) {
    const std::pair place(!run.spec.classes.empty(), age_of(run));
    const auto [found, is_new] = firsts.try_emplace(run.spec.method, place);
    if (!is_new) found->second = std::min(found->second, place);
  }
  std::vector<std::string> methods;
  for (const auto& [method, place] : firsts) methods.push_back(method);
  std::ranges::stable_sort(methods, {}, [&](const std::string& method) { return firsts.at(method); });
  return methods;
}

}  // namespace

Age RunResults::age() const {
  return age_of(record);
}

const Score* RunResults::score(std::string_view dataset, std::string_view class_set) const {
  const auto found = std::ranges::find_if(
      scores, [&](const Score& score) { return score.dataset == dataset && score.class_set == class_set; });
  return found == scores.end() ? nullptr : &*found;
}

std::string RunResults::refusal(std::string_view dataset, std::string_view class_set) const {
  const auto found = std::ranges::find_if(refusals, [&](const Refusal& refusal) {
    return refusal.dataset == dataset && refusal.class_set == class_set;
  });
  return found == refusals.end() ? "" : found->reason;
}

Snapshot::Snapshot(const Ledger& ledger) : ledger_(ledger) {
  std::vector<RunRecord> records = ledger.list();
  methods_ = methods_by_age(records);
  std::map<std::string, std::vector<RunRecord*>> of_method;
  for (RunRecord& record : records) of_method[record.spec.method].push_back(&record);
  // Runs are large: each is moved once, where sorting would move them many times.
  runs_.reserve(records.size());
  for (const std::string& method : methods_) {
    const std::vector<RunRecord*>& own = of_method.at(method);
    const bool has_seeds =
        std::ranges::any_of(own, [](const RunRecord* record) { return record->spec.seed != 0; });
    for (RunRecord* record : own) {
      const bool has_seeded_siblings = has_seeds && record->spec.classes.empty();
      runs_.push_back({.record = std::move(*record),
                       .scores = {},
                       .refusals = {},
                       .has_seeded_siblings = has_seeded_siblings});
    }
  }
  std::unordered_map<std::string_view, RunResults*> by_id;
  by_id.reserve(runs_.size());
  for (RunResults& run : runs_) by_id[run.record.id] = &run;
  // A sweep may have added runs meanwhile.
  for (RunScore& entry : ledger.scores()) {
    if (const auto run = by_id.find(entry.run); run != by_id.end())
      run->second->scores.push_back(std::move(entry.score));
  }
  for (RunRefusal& entry : ledger.refusals()) {
    if (const auto run = by_id.find(entry.run); run != by_id.end())
      run->second->refusals.push_back(std::move(entry.refusal));
  }
  for (RunResults& run : runs_) {
    sort_tests(run.scores);
    sort_tests(run.refusals);
  }
  reads_ = 3;
}

const ModelRecord* Snapshot::model(std::string_view fingerprint) const {
  if (!models_) {
    models_ = ledger_.models();
    ++reads_;
  }
  const auto found = std::ranges::find(*models_, fingerprint, &ModelRecord::fingerprint);
  return found == models_->end() ? nullptr : &*found;
}

const Execution& Snapshot::execution(const std::string& run) const {
  if (!executions_) {
    executions_.emplace();
    for (RunExecution& entry : ledger_.executions())
      executions_->emplace(std::move(entry.run), std::move(entry.execution));
    ++reads_;
  }
  const auto found = executions_->find(run);
  if (found == executions_->end())
    throw Error(fmt::format("run {}: was never finished; run `runner sweep` for it", run));
  return found->second;
}

const std::map<std::string, double>& Snapshot::measurements(const std::string& run,
                                                            const std::string& dataset,
                                                            const std::string& class_set) const {
  static const std::map<std::string, double> none;
  if (!measurements_) {
    measurements_.emplace();
    for (auto& [id, measurement] : ledger_.measurements())
      (*measurements_)[{id, measurement.dataset, measurement.class_set}][measurement.name] =
          measurement.value;
    ++reads_;
  }
  const auto found = measurements_->find({run, dataset, class_set});
  return found == measurements_->end() ? none : found->second;
}

const std::vector<ConfidenceBin>& Snapshot::confidences(const std::string& run, const std::string& dataset,
                                                        const std::string& class_set) const {
  static const std::vector<ConfidenceBin> none;
  if (!confidences_) {
    confidences_.emplace();
    for (auto& [id, reliability] : ledger_.reliabilities())
      confidences_->emplace(Test(id, reliability.dataset, reliability.class_set),
                            std::move(reliability.bins));
    ++reads_;
  }
  const auto found = confidences_->find({run, dataset, class_set});
  return found == confidences_->end() ? none : found->second;
}

const std::vector<TrackedAccuracy>& Snapshot::tracked(const std::string& run) const {
  static const std::vector<TrackedAccuracy> none;
  if (!tracked_) {
    tracked_.emplace();
    for (RunTrackedAccuracy& entry : ledger_.tracked())
      (*tracked_)[entry.run].push_back(std::move(entry.tracked));
    ++reads_;
  }
  const auto found = tracked_->find(run);
  return found == tracked_->end() ? none : found->second;
}

const std::vector<EpochRecord>& Snapshot::epochs(const std::string& run) const {
  static const std::vector<EpochRecord> none;
  if (!epochs_) {
    epochs_.emplace();
    for (const RunEpoch& entry : ledger_.epochs()) (*epochs_)[entry.run].push_back(entry.epoch);
    ++reads_;
  }
  const auto found = epochs_->find(run);
  return found == epochs_->end() ? none : found->second;
}

}  // namespace promptbed
