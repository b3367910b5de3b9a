#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "results/ledger.h"
#include "sweep/plan.h"

namespace promptbed {

/// How long the finished runs of a ledger took.
class Experience {
 public:
  Experience() = default;  ///< none
  explicit Experience(const Ledger& ledger);

  struct Duration {
    double seconds = 0;
    double core_seconds = 0;  ///< times the threads that it had
  };

  /// The mean of the finished runs that differ in the seed alone or, if there are none, of those of its
  /// method with as many shots and the same recipe on any dataset; nothing if there are none of these either.
  std::optional<Duration> of(const RunSpec& run) const;

 private:
  struct Mean {
    Duration sum;
    double count = 0;
  };
  using Means = std::map<std::string, Mean>;

  Means same_, alike_;
};

/// How long a plan's pending runs take, judging by finished ones.
struct TimeEstimate {
  Experience::Duration sum;  ///< of one process
  size_t runs = 0;           ///< that it is about
  size_t unknown = 0;        ///< runs that no finished one is like

  /// With so many jobs, or as many as there are runs.
  double elapsed(int64_t jobs) const;

  /// "about 3 min 20 s and 0.2 core hours, as finished runs like them took", or "3 min 20 s and 0.2 core
  /// hours for 8 of 12 runs, ..."; "" if nothing is known.
  std::string text(int64_t jobs) const;
};

/// Images that have to be encoded first are not in it.
TimeEstimate estimate_time(const Plan& plan, const Experience& experience);

}  // namespace promptbed
