#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/select/query.h"
#include "report/select/snapshot.h"
#include "table/table.h"

namespace promptbed {

/// What the runs of one variant of a method cost on one dataset: means over the seeds.
struct Efficiency {
  std::string dataset;
  std::string label;    ///< of the series
  std::string classes;  ///< trained on: "base", "all", or "" without training
  int64_t shots = 0;    ///< 0 without training
  std::string machine;  ///< "HOST, 2 threads"
  std::vector<int64_t> seeds;
  std::optional<ParameterCount> parameters;
  std::optional<double> epoch_seconds;
  std::optional<double> training_seconds;
  std::optional<double> images_per_second;  ///< in tests; nothing if it is unknown what was timed
  double peak_memory = 0;                   ///< bytes, of the process: the largest of the runs
};

/// Cost by dataset, method, classes, shots and machine: runs on different machines or with different numbers
/// of threads are never averaged.
struct EfficiencyTable {
  std::vector<Efficiency> rows;  ///< by dataset, method, classes, shots, machine
  std::vector<std::string> notes;

  Report report() const;
};

/// Builds the table from all finished runs, whatever protocol asked for them. Throws Error as select_runs
/// does.
EfficiencyTable efficiency_table(const Snapshot& snapshot, const ReportQuery& query);

}  // namespace promptbed
