#pragma once

#include "sweep/sweep_spec.h"

namespace promptbed {

/// What a user says of a protocol that trains on one dataset. Empty texts take the defaults.
struct SourceChoice {
  std::string source =
      {};  ///< id or path; default: imagenet, or else the suite's first, of those that will do
  std::string targets = {};  ///< ids and paths; default: all others
};

/// Settles which dataset cross-dataset or domain train on, and which they test: those of the same suite, or
/// of the suite that holds shifted versions of the source. Throws Error for a source that nothing shifts, and
/// for one that is among its targets.
void choose_source(SweepSpec& spec, const SourceChoice& choice);

}  // namespace promptbed
