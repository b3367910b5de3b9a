#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/draws/class_sets.h"
#include "data/draws/few_shot.h"
#include "data/layouts/split.h"
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

/// Classes of a dataset that a trained prompt is tested on.
struct PlannedTest {
  std::shared_ptr<const PlannedDataset> dataset;
  ClassSet classes = ClassSet::all;

  /// "base of transport"
  std::string title() const;
};

/// One cell of the grid, settled before anything is trained.
struct PlannedRun {
  const Method* method = nullptr;
  std::string options_label;  ///< "n_ctx=16" where the sweep goes over several values; otherwise ""
  std::shared_ptr<const PlannedDataset> dataset;  ///< trained on
  std::vector<PlannedTest> tests;                 ///< that the protocol asks for
  int64_t shots = 0;                              ///< as asked for; 0 for a method without training
  int64_t seed = 0;
  Setting setting;
  FewShotDraw draw;        ///< of the training classes; empty for a method without training
  std::string given_draw;  ///< its hash where the user gave it, "" for the one that shots and seed stand for
  Needs needs;

  std::string obstacle;  ///< why it cannot run; "" where it can
  RunSpec spec;          ///< what follows has meaning without an obstacle only
  std::string id;
  std::optional<RunState> state;           ///< in the ledger when it was planned
  bool trained = false;                    ///< its prompt is there to be tested, or it needs no training
  std::vector<PlannedTest> missing_tests;  ///< those of `tests` that are to be made

  bool done() const { return missing_tests.empty(); }
  int64_t attempts() const { return state ? state->attempts : 0; }

  /// "coop on transport, 16 shots, seed 1"
  std::string title() const;
};

/// Every run of a sweep, in the order in which they are done: dataset by dataset.
struct Plan {
  std::vector<std::shared_ptr<const PlannedDataset>> datasets;  ///< trained or tested on
  std::vector<PlannedRun> runs;

  /// Runs that are to be done: without obstacle, and with tests to be made.
  std::vector<const PlannedRun*> pending() const;
};

/// SweepSpec -> RunSpecs. Reads the splits, draws the shots, settles options and recipes, and asks the
/// ledger what is done: a prompt that was trained for one protocol is used again by others, so that only the
/// tests that it lacks are made. Loads no tower and no picture. Throws Error for unknown methods, datasets
/// and options and for splits that are wrong.
Plan plan_sweep(const Workbench& bench);

/// One line for each method whose finished runs were made by another plugin file of the same method version.
std::vector<std::string> plugin_warnings(const Plan& plan, const Workbench& bench);

}  // namespace promptbed
