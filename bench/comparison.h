#pragma once

#include <map>
#include <string>
#include <vector>

#include "table/table.h"

namespace promptbed::bench {

/// What a figure of docs/performance.md is told in.
enum class Unit {
  times,         ///< the baseline's time over ours
  milliseconds,  ///< ours alone
  seconds,       ///< the same
  megabytes,     ///< peak memory of a process
};

/// A benchmark, what it is compared with, and what it is meant to reach.
struct Comparison {
  const char* what;
  const char* ours;
  const char* baseline;  ///< a benchmark of the same run; "" for what has none
  Unit unit;
  double goal;  ///< at least so many times; at most so much of another unit
};

/// All that docs/performance.md promises.
const std::vector<Comparison>& comparisons();

/// Every repetition by benchmark name, in seconds or, where memory is told, bytes -> medians, ratios and
/// goals; those that did not run are left out.
Table compare(const std::map<std::string, std::vector<double>>& measured);

}  // namespace promptbed::bench
