#pragma once

#include <promptbed/protocol.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "clip/checkpoints/checkpoint.h"
#include "clip/towers/placement.h"
#include "data/draws/draw_changes.h"
#include "data/suites/chosen_datasets.h"

namespace promptbed {

/// Which datasets, by which model, and where the features of their images are cached.
struct InputSpec : DataSpec {
  InputSpec() { cache = "runs/cache"; }

  std::string target_suite;              ///< one more suite, whose datasets are only tested on; "": none
  std::string targets = "all";           ///< which of its datasets
  std::filesystem::path model;           ///< empty: the suite's own
  std::optional<Activation> activation;  ///< for model files that do not say theirs
  int64_t views = 10;                    ///< augmented renderings per training image; 0: the centre crop only
  Placement placement;
};

/// What all jobs of a sweep share.
struct BenchSpec : InputSpec {
  std::vector<std::filesystem::path> plugins;          ///< folders
  std::filesystem::path ledger = "runs/promptbed.db";  ///< a run's prompt and log are files beside it
  int64_t threads = 1;                                 ///< of each job
  int64_t track_new = 0;           ///< epochs between two tests of a prompt in training; 0: at the end only
  int64_t checkpoint_minutes = 5;  ///< between two checkpoints of a run; 0: only when it is interrupted
  bool cuda_graphs = true;         ///< repeat training steps of methods that allow it, on a GPU
};

/// What a user asks for: methods by options by datasets by shots by seeds, on one model.
struct SweepSpec : BenchSpec {
  std::vector<std::string> methods;
  std::vector<int64_t> shots = {16};
  std::vector<int64_t> seeds = {1, 2, 3};
  Protocol protocol = Protocol::base_new;
  std::string source;                        ///< id of the dataset that cross-dataset and domain train on
  std::vector<std::filesystem::path> draws;  ///< draw files, which replace the draws of their shots and seeds
  DrawChanges changes;                       ///< made to all draws
  bool imagenet_val = false;  ///< ImageNet's validation images are training images that were not drawn
  std::map<std::string, std::filesystem::path> descriptions;  ///< files that describe a dataset's classes

  std::vector<std::string> assignments;  ///< "coop.n_ctx=4,16"
  std::optional<int64_t> epochs, batch_size;
  std::optional<double> learning_rate;

  int64_t jobs = 1;        ///< runs made at the same time
  bool force = false;      ///< make finished runs once more
  bool remeasure = false;  ///< make tests once more that an earlier version took no more than scores of
  int64_t retries = 0;     ///< how often a run that failed is tried again
  bool fail_fast = false;  ///< stop at the first failure
};

/// What a user says of a protocol that trains on one dataset. Empty texts take the defaults.
struct SourceChoice {
  std::string source = {};   ///< id or path; default: imagenet, or else the suite's first suitable dataset
  std::string targets = {};  ///< ids and paths; default: all others
  std::string option = "--source";  ///< that names the source
};

/// Settles which dataset cross-dataset or domain train on and which they test: those of the same suite, or of
/// the suite that holds shifted versions of the source. Throws Error if nothing shifts the source, and if the
/// source is among its targets.
void choose_source(SweepSpec& spec, const SourceChoice& choice);

}  // namespace promptbed
