#include "results/base_new_runs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <map>
#include <set>
#include <tuple>

namespace promptbed {
namespace {

RunFilter filter_of(const BaseNewQuery& query) {
  return {.datasets = query.datasets,
          .methods = query.methods,
          .shots = {query.shots},
          .seeds = query.seeds,
          .model = query.model};
}

/// Trained on the base classes, or not at all.
bool is_base_new(const RunSpec& spec) {
  return spec.classes == "base" || spec.classes.empty();
}

std::vector<BaseNewRun> finished_runs(const Ledger& ledger, RunFilter filter) {
  filter.status = RunStatus::done;
  std::map<std::string, BaseNewRun> by_id;
  for (RunRecord& record : ledger.list(filter)) {
    if (is_base_new(record.spec)) by_id[record.id].record = std::move(record);
  }
  for (const auto& [run, score] : ledger.scores(filter)) {
    const auto found = by_id.find(run);
    if (found == by_id.end() || score.dataset != found->second.record.spec.dataset) continue;
    if (score.class_set == "base") found->second.base_accuracy = score.accuracy;
    if (score.class_set == "new") found->second.new_accuracy = score.accuracy;
  }
  for (const auto& [run, refusal] : ledger.refusals(filter)) {
    const auto found = by_id.find(run);
    if (found == by_id.end() || refusal.dataset != found->second.record.spec.dataset) continue;
    if (refusal.class_set == "new") found->second.new_refusal = refusal.reason;
  }
  std::vector<BaseNewRun> runs;
  for (auto& [id, run] : by_id) {
    if (run.base_accuracy || run.new_accuracy) runs.push_back(std::move(run));
  }
  return runs;
}

/// "coop (1, 16 shots), clip_zeroshot" of all finished runs.
std::string holdings(const Ledger& ledger) {
  std::map<std::string, std::set<int64_t>> shots;
  for (const BaseNewRun& run : finished_runs(ledger, {})) {
    auto& of_method = shots[run.record.spec.method];
    if (!run.record.spec.classes.empty()) of_method.insert(run.record.spec.shots);
  }
  std::vector<std::string> parts;
  for (const auto& [method, counts] : shots) {
    parts.push_back(counts.empty() ? method : fmt::format("{} ({} shots)", method, fmt::join(counts, ", ")));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

[[noreturn]] void throw_nothing_to_show(const Ledger& ledger, const BaseNewQuery& query) {
  const std::string held = holdings(ledger);
  if (held.empty()) {
    throw Error(
        fmt::format("{}: holds no finished base-new run; run `runner sweep` first", ledger.path().string()));
  }
  throw Error(fmt::format(
      "{}: holds no finished base-new run at {} shots with these choices, but has {}; choose among those or "
      "run `runner sweep` first",
      ledger.path().string(), query.shots, held));
}

void check_one_model(const Ledger& ledger, const std::vector<BaseNewRun>& runs) {
  std::set<std::string> models;
  for (const BaseNewRun& run : runs) models.insert(run.record.spec.model);
  if (models.size() > 1) {
    throw Error(fmt::format("{}: holds runs of {} models ({}); choose one with --model",
                            ledger.path().string(), models.size(), fmt::join(models, ", ")));
  }
}

/// What a dataset's numbers depend on beside the run's own settings.
auto definition_of(const RunSpec& spec) {
  return std::tie(spec.split_hash, spec.prompt_template, spec.context_init);
}

/// Drops the runs whose dataset has since got another split, template or context words.
std::vector<std::string> drop_outdated(std::vector<BaseNewRun>& runs) {
  std::map<std::string, RunRecord> newest;
  for (const BaseNewRun& run : runs) {
    RunRecord& latest = newest[run.record.spec.dataset];
    if (run.record.ended >= latest.ended) latest = run.record;
  }
  std::map<std::string, int64_t> dropped;
  std::erase_if(runs, [&](const BaseNewRun& run) {
    const RunSpec& spec = run.record.spec;
    const bool outdated = definition_of(spec) != definition_of(newest.at(spec.dataset).spec);
    if (outdated) ++dropped[spec.dataset];
    return outdated;
  });
  std::vector<std::string> notes;
  for (const auto& [dataset, count] : dropped) {
    notes.push_back(fmt::format("{}: {} run{} with an earlier split, template or context words left out",
                                dataset, count, count == 1 ? "" : "s"));
  }
  return notes;
}

/// "2 failed runs are missing here", or nothing.
std::vector<std::string> note_failures(const Ledger& ledger, RunFilter filter) {
  filter.status = RunStatus::failed;
  int64_t count = 0;
  for (const RunRecord& record : ledger.list(filter)) count += is_base_new(record.spec) ? 1 : 0;
  if (count == 0) return {};
  return {fmt::format("{} failed run{} missing here; `runner runs list` tells why", count,
                      count == 1 ? " is" : "s are")};
}

}  // namespace

BaseNewRuns select_base_new_runs(const Ledger& ledger, const BaseNewQuery& query) {
  const RunFilter filter = filter_of(query);
  BaseNewRuns selected{.runs = finished_runs(ledger, filter), .notes = note_failures(ledger, filter)};
  if (selected.runs.empty()) throw_nothing_to_show(ledger, query);
  check_one_model(ledger, selected.runs);
  for (std::string& note : drop_outdated(selected.runs)) selected.notes.push_back(std::move(note));
  return selected;
}

}  // namespace promptbed
