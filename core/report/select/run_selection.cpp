#include "report/select/run_selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "report/select/holdings.h"
#include "report/select/run_list.h"

namespace promptbed {
namespace {

constexpr int64_t kUsualShots = 16;

std::vector<SelectedRun> finished_runs(const Ledger& ledger, const ReportQuery& query,
                                       std::string_view protocol) {
  std::map<std::string, SelectedRun> by_id;
  for (RunRecord& record : list_runs(ledger, query, protocol, RunStatus::done))
    by_id[record.id].record = std::move(record);
  const RunFilter all = {};
  for (const auto& [run, score] : ledger.scores(all)) {
    if (const auto found = by_id.find(run); found != by_id.end()) found->second.scores.push_back(score);
  }
  for (const auto& [run, refusal] : ledger.refusals(all)) {
    if (const auto found = by_id.find(run); found != by_id.end()) found->second.refusals.push_back(refusal);
  }
  std::vector<SelectedRun> runs;
  for (auto& [id, run] : by_id) runs.push_back(std::move(run));
  return runs;
}

[[noreturn]] void throw_nothing_to_show(const Ledger& ledger, std::string_view protocol) {
  const std::string kind = protocol.empty() ? "" : fmt::format("{} ", protocol);
  const std::string sweep = protocol.empty() || protocol == "base-new"
                                ? "runner sweep"
                                : fmt::format("runner sweep --protocol {}", protocol);
  const std::string held = holdings(ledger, protocol), others = holdings(ledger, "");
  if (!held.empty()) {
    throw Error(
        fmt::format("{}: holds no finished {}run with these choices, but has {}; choose among those or "
                    "run `{}` first",
                    ledger.path().string(), kind, held, sweep));
  }
  throw Error(fmt::format("{}: holds no finished {}run{}; run `{}` first", ledger.path().string(), kind,
                          others.empty() ? "" : ", but has " + others, sweep));
}

void check_one_model(const Ledger& ledger, const std::vector<SelectedRun>& runs) {
  std::set<std::string> models;
  for (const SelectedRun& run : runs) models.insert(run.spec().model);
  if (models.size() > 1) {
    throw Error(fmt::format("{}: holds runs of {} models ({}); choose one with --model",
                            ledger.path().string(), models.size(), fmt::join(models, ", ")));
  }
}

/// Two draws that the user gave for the same images' place have nothing to be told apart by but their hash.
void check_one_draw(const std::vector<SelectedRun>& runs) {
  std::map<std::string, const RunSpec*> seen;  // id without the draw -> the first run so
  for (const SelectedRun& run : runs) {
    if (run.spec().draw.empty()) continue;
    RunSpec without_draw = run.spec();
    without_draw.draw.clear();
    const auto [found, is_new] = seen.emplace(without_draw.id(), &run.spec());
    if (is_new) continue;
    throw Error(
        fmt::format("{} on {}, {} shots, seed {}: has runs on two given draws; choose one with --where "
                    "draw={} or --where draw={}",
                    run.spec().method, run.spec().dataset, run.spec().shots, run.spec().seed,
                    found->second->draw.substr(0, 8), run.spec().draw.substr(0, 8)));
  }
}

/// What a dataset's numbers depend on beside the run's own settings.
auto definition_of(const RunSpec& spec) {
  return std::tie(spec.split_hash, spec.prompt_template, spec.context_init);
}

/// Drops the runs whose dataset has since got another split, template or context words.
std::vector<std::string> drop_outdated(std::vector<SelectedRun>& runs) {
  std::map<std::string, RunRecord> newest;
  for (const SelectedRun& run : runs) {
    RunRecord& latest = newest[run.spec().dataset];
    if (run.record.ended >= latest.ended) latest = run.record;
  }
  std::map<std::string, int64_t> dropped;
  std::erase_if(runs, [&](const SelectedRun& run) {
    const bool outdated = definition_of(run.spec()) != definition_of(newest.at(run.spec().dataset).spec);
    if (outdated) ++dropped[run.spec().dataset];
    return outdated;
  });
  std::vector<std::string> notes;
  for (const auto& [dataset, count] : dropped) {
    notes.push_back(fmt::format("{}: {} run{} with an earlier split, template or context words left out",
                                dataset, count, count == 1 ? "" : "s"));
  }
  return notes;
}

/// Drops the scores and refusals on a split that a dataset has not got any more: on other datasets than the
/// run's own.
std::vector<std::string> drop_outdated_tests(std::vector<SelectedRun>& runs) {
  std::map<std::string, std::pair<std::string, std::string>> newest;  // dataset -> when, and its split
  for (const SelectedRun& run : runs) {
    const auto take = [&](const auto& test) {
      const bool is_own = test.dataset == run.spec().dataset;
      auto& latest = newest[test.dataset];
      latest = std::max(latest, {run.record.ended, is_own ? run.spec().split_hash : test.split_hash});
    };
    std::ranges::for_each(run.scores, take);
    std::ranges::for_each(run.refusals, take);
  }
  std::map<std::string, int64_t> dropped;
  for (SelectedRun& run : runs) {
    const auto is_outdated = [&](const auto& test) {
      const bool outdated =
          test.dataset != run.spec().dataset && test.split_hash != newest.at(test.dataset).second;
      if (outdated) ++dropped[test.dataset];
      return outdated;
    };
    std::erase_if(run.scores, is_outdated);
    std::erase_if(run.refusals, is_outdated);
  }
  std::vector<std::string> notes;
  for (const auto& [dataset, count] : dropped) {
    notes.push_back(
        fmt::format("{}: {} test{} on an earlier split left out", dataset, count, count == 1 ? "" : "s"));
  }
  return notes;
}

/// "2 failed runs are missing here", or nothing.
std::vector<std::string> note_failures(const Ledger& ledger, const ReportQuery& query,
                                       std::string_view protocol) {
  const size_t count = list_runs(ledger, query, protocol, RunStatus::failed).size();
  if (count == 0) return {};
  return {fmt::format("{} failed run{} missing here; `runner report --table failures` tells why", count,
                      count == 1 ? " is" : "s are")};
}

/// "no run with these choices: coop", of methods that are not named and have others.
std::vector<std::string> note_absent(const Ledger& ledger, const ReportQuery& query,
                                     std::string_view protocol, const std::vector<SelectedRun>& runs) {
  if (!query.methods.empty()) return {};
  std::set<std::string> absent;
  for (const RunRecord& run :
       list_runs(ledger, {.datasets = query.datasets, .model = query.model}, protocol, RunStatus::done))
    absent.insert(run.spec.method);
  for (const SelectedRun& run : runs) absent.erase(run.spec().method);
  if (absent.empty()) return {};
  return {fmt::format("no run with these choices: {}", fmt::join(absent, ", "))};
}

}  // namespace

const Score* SelectedRun::score(std::string_view dataset, std::string_view class_set) const {
  const auto found = std::ranges::find_if(
      scores, [&](const Score& score) { return score.dataset == dataset && score.class_set == class_set; });
  return found == scores.end() ? nullptr : &*found;
}

std::string SelectedRun::refusal(std::string_view dataset, std::string_view class_set) const {
  const auto found = std::ranges::find_if(refusals, [&](const Refusal& refusal) {
    return refusal.dataset == dataset && refusal.class_set == class_set;
  });
  return found == refusals.end() ? "" : found->reason;
}

RunSelection select_runs(const Ledger& ledger, const ReportQuery& query, std::string_view protocol) {
  RunSelection selected{.runs = finished_runs(ledger, query, protocol),
                        .notes = note_failures(ledger, query, protocol)};
  if (selected.runs.empty()) throw_nothing_to_show(ledger, protocol);
  check_one_model(ledger, selected.runs);
  for (std::string& note : note_absent(ledger, query, protocol, selected.runs))
    selected.notes.push_back(std::move(note));
  for (std::string& note : drop_outdated(selected.runs)) selected.notes.push_back(std::move(note));
  for (std::string& note : drop_outdated_tests(selected.runs)) selected.notes.push_back(std::move(note));
  check_one_draw(selected.runs);
  return selected;
}

std::optional<int64_t> chosen_shots(const Ledger& ledger, const ReportQuery& query,
                                    std::string_view protocol) {
  if (query.shots.size() == 1) return query.shots.front();
  if (query.shots.size() > 1) {
    throw Error(fmt::format("--shots {}: this table is of one number of shots; choose one",
                            fmt::join(query.shots, ",")));
  }
  std::set<int64_t> found;
  for (const RunRecord& run : list_runs(ledger, query, protocol, RunStatus::done)) {
    if (!run.spec.classes.empty()) found.insert(run.spec.shots);
  }
  if (found.empty()) return std::nullopt;
  if (found.contains(kUsualShots)) return kUsualShots;
  if (found.size() == 1) return *found.begin();
  throw Error(fmt::format("{}: has runs at {} shots; choose one with --shots", ledger.path().string(),
                          fmt::join(found, ", ")));
}

}  // namespace promptbed
