#pragma once

#include <promptbed/task.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "clip/checkpoint.h"
#include "clip/layers.h"

namespace promptbed {

/// What a user asks for: methods by datasets by shots by seeds, on one model.
struct SweepSpec {
  std::vector<std::string> methods;
  std::string suite;
  std::string datasets = "all";  ///< "all", or ids of the suite with commas between
  std::vector<int64_t> shots = {16};
  std::vector<int64_t> seeds = {1, 2, 3};
  Protocol protocol = Protocol::base_new;

  int64_t views = 10;                    ///< augmented renderings per training image; 0: the centre crop only
  std::vector<std::string> assignments;  ///< "coop.n_ctx=16"
  std::optional<int64_t> epochs, batch_size;
  std::optional<double> learning_rate;

  std::filesystem::path model;
  std::optional<Activation> activation;  ///< for model files that do not tell theirs
  std::filesystem::path data;            ///< holds the datasets' folders
  std::filesystem::path cache = "runs/cache";
  std::filesystem::path ledger = "runs/promptbed.db";
  std::filesystem::path suites;                ///< the folder that holds the suites
  std::vector<std::filesystem::path> plugins;  ///< folders

  Placement placement;
  int64_t threads = 1;  ///< of each job
  int64_t jobs = 1;     ///< processes that work on runs at the same time
  bool force = false;   ///< do finished runs once more
};

}  // namespace promptbed
