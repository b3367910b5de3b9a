#pragma once

#include <map>
#include <string>
#include <vector>

#include "results/table.h"

namespace promptbed::bench {

/// Two benchmarks of one run that do the same work, and how many times faster one is meant to be.
struct Comparison {
  const char* what;
  const char* ours;
  const char* baseline;
  double goal;  ///< baseline's time over ours
};

/// All that docs/performance.md promises.
const std::vector<Comparison>& comparisons();

/// Seconds of every repetition by benchmark name -> medians, ratios and goals; those that did not run are
/// left out.
Table compare(const std::map<std::string, std::vector<double>>& seconds);

}  // namespace promptbed::bench
