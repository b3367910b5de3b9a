#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/few_shot.h"
#include "data/split.h"
#include "results/run_record.h"
#include "results/run_spec.h"
#include "sweep/workbench.h"

namespace promptbed {

/// A dataset that a sweep goes over.
struct PlannedDataset {
  DatasetSpec spec;
  Split split;
  std::string split_hash;
};

/// One cell of the grid, settled before anything is trained.
struct PlannedRun {
  const Method* method = nullptr;
  std::shared_ptr<const PlannedDataset> dataset;
  int64_t shots = 0;  ///< as asked for; 0 for a method without training
  int64_t seed = 0;
  Setting setting;
  FewShotDraw draw;        ///< of the training classes; empty for a method without training
  std::string given_draw;  ///< its hash where the user gave it, "" for the one that shots and seed stand for
  Needs needs;

  std::string obstacle;  ///< why it cannot run; "" where it can
  RunSpec spec;          ///< what follows has meaning without an obstacle only
  std::string id;
  std::optional<RunState> state;  ///< in the ledger when it was planned

  bool done() const { return state && state->status == RunStatus::done; }
  int64_t attempts() const { return state ? state->attempts : 0; }

  /// "coop on transport, 16 shots, seed 1"
  std::string title() const;
};

/// Every run of a sweep, in the order in which they are done: dataset by dataset.
struct Plan {
  std::vector<std::shared_ptr<const PlannedDataset>> datasets;
  std::vector<PlannedRun> runs;

  /// Runs that are to be done: without obstacle, and not finished unless the sweep forces them.
  std::vector<const PlannedRun*> pending(bool force) const;
};

/// SweepSpec -> RunSpecs. Reads the splits, draws the shots, settles options and recipes, and asks the
/// ledger. Loads no tower and no picture. Throws Error for unknown methods, datasets and options and for
/// splits that are wrong.
Plan plan_sweep(const Workbench& bench);

/// One line for each method whose finished runs were made by another plugin file of the same method version.
std::vector<std::string> plugin_warnings(const Plan& plan, const Workbench& bench);

}  // namespace promptbed
