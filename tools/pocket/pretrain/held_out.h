#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pair_set.h"

namespace promptbed::pocket {

/// Drawings, to be told by their names from one another.
struct NamingTask {
  std::vector<std::string> names;
  std::vector<int64_t> pairs;    ///< the drawings; each has one name only
  std::vector<int64_t> answers;  ///< for each drawing the number of its name
};

/// Pairs that are not trained on, to choose a recipe by. Held out are all drawings of one in 15 of the names
/// that have 8 to 31 drawings, and one in 50 of all drawings. Hashes of the names and of the pixels decide,
/// so that a drawing is on one side under all of its names and in all of its copies.
struct HeldOut {
  std::vector<int64_t> trained;  ///< all other pairs, in ascending order
  NamingTask own_names;          ///< one drawing each of 1,000 names that are trained on with other drawings
  NamingTask unseen_names;       ///< eight drawings each of the names that are not trained on at all
};

/// To be raised with every change of the rule.
inline constexpr int64_t kHoldOutRule = 1;

/// Divides the pairs; the tasks are smaller if there are too few.
HeldOut hold_out(const PairSet& pairs);

}  // namespace promptbed::pocket
