#pragma once

#include <cstddef>
#include <string>

#include "results/ledger.h"
#include "sweep/plan.h"

namespace promptbed {

/// How long a plan's pending runs take, judging by finished ones.
struct TimeEstimate {
  double seconds = 0;  ///< of one process
  size_t runs = 0;     ///< that it is about
  size_t unknown = 0;  ///< runs that no finished one is like

  /// With so many jobs, or as many as there are runs.
  double elapsed(int64_t jobs) const;

  /// "about 3 min 20 s, as finished runs like them took (4 of 12 have none)"; "" if nothing is known.
  std::string text(int64_t jobs) const;
};

/// Takes for each pending run the mean of the finished runs that differ in the seed alone or, if there are
/// none, of those of its method with as many shots and the same recipe on any dataset. Images that have to be
/// encoded first are not in it.
TimeEstimate estimate_time(const Plan& plan, const Ledger& ledger);

}  // namespace promptbed
