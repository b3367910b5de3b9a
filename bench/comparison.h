#pragma once

#include <map>
#include <string>
#include <vector>

#include "table/table.h"

namespace promptbed::bench {

/// The unit of a figure in docs/performance.md.
enum class Unit {
  times,         ///< the baseline's time over ours
  milliseconds,  ///< ours alone
  seconds,       ///< the same
  megabytes,     ///< peak memory of a process
};

/// A benchmark, its baseline and its goal.
struct Comparison {
  const char* what;
  const char* ours;
  const char* baseline;  ///< a benchmark of the same run; "" for none
  Unit unit;
  double goal;  ///< at least this many times; at most this much of another unit
};

/// Every figure of docs/performance.md.
const std::vector<Comparison>& comparisons();

/// Every repetition by benchmark name, in seconds or, where memory is told, bytes -> medians, ratios and
/// goals; those that did not run are left out.
Table compare(const std::map<std::string, std::vector<double>>& measured);

}  // namespace promptbed::bench
