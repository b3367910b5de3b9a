#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "results/ledger.h"

namespace promptbed {

/// When a run was first asked for. Of runs of the same millisecond, which is all that the ledger knows, the
/// one that ended first counts as older.
using Age = std::pair<std::string, int64_t>;

/// A run with all its tests.
struct RunResults {
  RunRecord record;
  std::vector<Score> scores;
  std::vector<Refusal> refusals;
  bool has_seeded_siblings = false;  ///< an untrained run of a method that has runs with other seeds than 0

  const RunSpec& spec() const { return record.spec; }
  bool is_trained() const { return !record.spec.classes.empty(); }

  /// Whether other seeds make other runs: of a trained or an online method. An online run with seed 0 looks
  /// like one without seeds, until there is another.
  bool has_seed() const { return is_trained() || record.spec.seed != 0 || has_seeded_siblings; }

  /// Orders runs by age, the oldest first.
  Age age() const;

  /// The score on a dataset's class set; nullptr if there is none.
  const Score* score(std::string_view dataset, std::string_view class_set) const;

  /// Why the method cannot serve a dataset's class set; "" if it can or was not asked to.
  std::string refusal(std::string_view dataset, std::string_view class_set) const;
};

/// What a ledger holds, read once for a whole report: runs and tests when it is made, the rest when it is
/// first asked for. Nothing else of a report reads the ledger, which must outlive the snapshot. All throw
/// Error as the ledger does.
class Snapshot {
 public:
  explicit Snapshot(const Ledger& ledger);

  const std::filesystem::path& path() const { return ledger_.path(); }

  /// All methods in the order in which reports show them: those that are not trained first, and of both kinds
  /// the one first whose first run is the oldest. A sweep makes runs in the order of its --methods.
  const std::vector<std::string>& methods() const { return methods_; }

  /// Of any status, by method in that order, dataset, shots and seed.
  const std::vector<RunResults>& runs() const { return runs_; }

  /// The model with this fingerprint; nullptr for one that the ledger does not describe.
  const ModelRecord* model(std::string_view fingerprint) const;

  /// How a finished run was made. Throws Error for a run that was never finished.
  const Execution& execution(const std::string& run) const;

  /// The epochs of a finished run, none for a method with its own solver.
  const std::vector<EpochRecord>& epochs(const std::string& run) const;

  /// The accuracies that were tracked while a run was trained, by epoch, base before new; none unless that
  /// was asked for.
  const std::vector<TrackedAccuracy>& tracked(const std::string& run) const;

  /// What was measured of a run's test on a dataset's class set, by name; empty for tests of earlier
  /// versions.
  const std::map<std::string, double>& measurements(const std::string& run, const std::string& dataset,
                                                    const std::string& class_set) const;

  /// How often a run was right by how sure it was; nothing for tests of earlier versions, and of methods
  /// whose scores are no probabilities.
  const std::vector<ConfidenceBin>& confidences(const std::string& run, const std::string& dataset,
                                                const std::string& class_set) const;

  /// How often the ledger was read.
  int64_t reads() const { return reads_; }

 private:
  using Test = std::tuple<std::string, std::string, std::string>;  // run, dataset, class set

  const Ledger& ledger_;
  std::vector<std::string> methods_;
  std::vector<RunResults> runs_;
  mutable std::optional<std::vector<ModelRecord>> models_;
  mutable std::optional<std::map<std::string, Execution>> executions_;
  mutable std::optional<std::map<std::string, std::vector<EpochRecord>>> epochs_;
  mutable std::optional<std::map<std::string, std::vector<TrackedAccuracy>>> tracked_;
  mutable std::optional<std::map<Test, std::map<std::string, double>>> measurements_;
  mutable std::optional<std::map<Test, std::vector<ConfidenceBin>>> confidences_;
  mutable int64_t reads_ = 0;
};

}  // namespace promptbed
