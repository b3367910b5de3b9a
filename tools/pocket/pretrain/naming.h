#pragma once

#include <promptbed/tokenizer.h>

#include "clip/preprocessing.h"
#include "held_out.h"
#include "pair_set.h"
#include "towers.h"

namespace promptbed::pocket {

/// The shares of held-out drawings that are nearest to the caption of their own name; NaN of none.
struct NamingAccuracy {
  double own_names, unseen_names;
};

/// Measures towers on what is held out: drawings as they are, all patches seen, and the datasets' template.
/// What it is made from need not outlive it.
class NamingTest {
 public:
  NamingTest(const HeldOut& held_out, const PairSet& pairs, const Tokenizer& tokenizer,
             const Preprocessing& preprocessing, int64_t context_length);

  bool has_drawings() const { return own_names_.answers.defined() || unseen_names_.answers.defined(); }

  NamingAccuracy measure(TrainableTowers& towers) const;

 private:
  /// A task, rendered.
  struct Sheet {
    TowerInput input;
    Tensor answers;
  };

  static double accuracy(const Sheet& sheet, TrainableTowers& towers);

  Sheet own_names_, unseen_names_;
};

}  // namespace promptbed::pocket
