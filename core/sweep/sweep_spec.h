#pragma once

#include <promptbed/task.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sweep/input_spec.h"

namespace promptbed {

/// What a user asks for: methods by options by datasets by shots by seeds, on one model.
struct SweepSpec : InputSpec {
  std::vector<std::string> methods;
  std::vector<int64_t> shots = {16};
  std::vector<int64_t> seeds = {1, 2, 3};
  Protocol protocol = Protocol::base_new;
  std::string source;                        ///< id of the dataset that cross-dataset and domain train on
  std::vector<std::filesystem::path> draws;  ///< draw files, in place of what shots and seeds stand for

  std::vector<std::string> assignments;  ///< "coop.n_ctx=4,16"
  std::optional<int64_t> epochs, batch_size;
  std::optional<double> learning_rate;

  std::filesystem::path ledger = "runs/promptbed.db";
  std::vector<std::filesystem::path> plugins;  ///< folders

  int64_t threads = 1;     ///< of each job
  int64_t jobs = 1;        ///< processes that work on runs at the same time
  bool force = false;      ///< do finished runs once more
  int64_t retries = 0;     ///< how often a run that failed is tried again
  bool fail_fast = false;  ///< stop at the first failure
};

}  // namespace promptbed
