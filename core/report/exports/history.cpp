#include "report/exports/history.h"

#include <fmt/format.h>

#include "table/table.h"

namespace promptbed {
namespace {

void add_epochs(std::vector<HistoryFact>& facts, const Snapshot& snapshot, const RunResults& run) {
  for (const EpochRecord& epoch : snapshot.epochs(run.record.id)) {
    facts.push_back({"train/loss", epoch.epoch + 1, epoch.loss});
    facts.push_back({"train/learning_rate", epoch.epoch + 1, epoch.learning_rate});
    facts.push_back({"train/seconds", epoch.epoch + 1, epoch.seconds});
  }
  for (const TrackedAccuracy& tracked : snapshot.tracked(run.record.id))
    facts.push_back({"tracked/" + tracked.class_set, tracked.epoch + 1, tracked.accuracy});
}

void add_tests(std::vector<HistoryFact>& facts, const Snapshot& snapshot, const RunResults& run) {
  for (const Score& score : run.scores) {
    const std::string test = fmt::format("test/{}/{}/", score.dataset, score.class_set);
    facts.push_back({test + "accuracy", {}, score.accuracy});
    facts.push_back({test + "macro_f1", {}, score.macro_f1});
    for (const auto& [name, value] : snapshot.measurements(run.record.id, score.dataset, score.class_set))
      facts.push_back({test + name, {}, value});
  }
}

}  // namespace

std::vector<HistoryFact> history_of(const Snapshot& snapshot, const RunResults& run) {
  std::vector<HistoryFact> facts;
  add_epochs(facts, snapshot, run);
  add_tests(facts, snapshot, run);
  return facts;
}

std::string name_of(const RunResults& run) {
  const RunSpec& spec = run.spec();
  if (!run.has_seed()) return fmt::format("{} on {}", spec.method, spec.dataset);
  if (!run.is_trained()) return fmt::format("{} on {}, seed {}", spec.method, spec.dataset, spec.seed);
  return fmt::format("{} on {}, {} classes, {}, seed {}", spec.method, spec.dataset, spec.classes,
                     plural(static_cast<size_t>(spec.shots), "shot"), spec.seed);
}

}  // namespace promptbed
