#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "data/layouts/split.h"
#include "results/ledger.h"
#include "sweep/job.h"
#include "sweep/workbench.h"
#include "table/table.h"

namespace promptbed {

/// A dataset that a sweep goes over.
struct PlannedDataset {
  DatasetSpec spec;
  Split split;
  std::string split_hash;
  std::string test_images = {};  ///< hash of the test images' contents; "" if sealed or at fault
  std::string fault = {};        ///< why they cannot be told from others: one is missing; "" if they can
};

/// One cell of the grid, settled before anything is trained.
struct PlannedRun {
  const Method* method = nullptr;
  std::shared_ptr<const PlannedDataset> dataset;  ///< trained on
  Shared<std::vector<JobTest>> tests;             ///< that the protocol asks for

  std::string obstacle;                   ///< why it cannot run; "" if it can
  Job job;                                ///< its tests are those that the ledger lacks
  Needs needs;                            ///< this and what follows mean nothing with an obstacle
  Selection selection = Selection::none;  ///< what its method does: what it declares, as far as it can
  std::string id;
  std::optional<RunState> state;  ///< in the ledger when it was planned
  bool keeps_scores = false;      ///< its prompt is gone, and nothing but further measures would need it
  bool lacks_tracking = false;    ///< it was trained before, without the accuracy by epoch that is asked for

  bool done() const { return job.tests->empty(); }
  int64_t attempts() const { return state ? state->attempts : 0; }
  std::string title() const { return job.title(); }
};

/// Every run of a sweep, dataset by dataset, which is the order in which they are made.
struct Plan {
  std::vector<std::shared_ptr<const PlannedDataset>> datasets;  ///< trained or tested on
  std::vector<PlannedRun> runs;
  std::vector<std::string> warnings;  ///< what a user should know before the runs are made, a line each

  /// Runs that are to be made: without an obstacle, and with tests missing.
  std::vector<const PlannedRun*> pending() const;
};

/// SweepSpec -> jobs. Reads the splits, draws the shots, settles options and recipes, and reads in the ledger
/// what is done: a prompt that one protocol has trained serves the others too, so only the tests that it
/// lacks are made. Loads no tower, decodes no image and makes no ledger, but reads image files that the cache
/// does not know as they are now: what they held is part of a run's identity. Throws Error for unknown
/// methods, datasets and options and for splits and draws that are wrong.
Plan plan_sweep(const SweepSpec& spec, const Workbench& bench);

/// What a sweep would do: datasets by methods, how many runs of each are done and how many images have to be
/// encoded; as notes, where features come from, and what cannot run and why.
Table dry_run_table(const Plan& plan, const SweepSpec& spec, const Inputs& inputs);

/// The hash of the state that was trained for a run and is still there to be tested, "" for a method without
/// training; nothing if the run is to be trained.
std::optional<std::string> usable_training(const PlannedRun& run, const RunState& state,
                                           const std::filesystem::path& ledger);

/// The runs and tests of a ledger as they were when this read them, all at once.
class KnownRuns {
 public:
  /// What is read only if it is asked for: there are several of each test or run.
  struct More {
    bool measurements = false;
    bool tracked = false;
  };

  /// None without a ledger.
  KnownRuns(const Ledger* ledger, const More& more);
  explicit KnownRuns(const Ledger* ledger) : KnownRuns(ledger, More()) {}

  const std::map<std::string, RunRecord>& all() const { return runs_; }  ///< by id

  /// Null for a run that the ledger did not know.
  const RunRecord* find(const std::string& run) const;

  /// Whether a run has a score or a refusal for the test.
  bool has(const std::string& run, const JobTest& test) const;

  /// Whether it also has what this version measures in the test, or a refusal, which there is nothing to
  /// measure of. Measurements must have been read.
  bool has_measured(const std::string& run, const JobTest& test) const;

  /// Whether accuracies by epoch were tracked in the run's training. Must have been read.
  bool has_tracked(const std::string& run) const { return tracked_.contains(run); }

 private:
  std::map<std::string, RunRecord> runs_;                                           ///< by id
  std::set<std::tuple<std::string, std::string, std::string, std::string>> tests_;  ///< run and test
  std::set<std::tuple<std::string, std::string, std::string>> measured_;  ///< run, dataset and classes
  std::set<std::string> tracked_;
};

}  // namespace promptbed
