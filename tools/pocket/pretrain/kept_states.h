#pragma once

#include <filesystem>
#include <string>

#include "schedule.h"
#include "training_state.h"

namespace promptbed::pocket {

/// Where a training is put aside: `state.pt` is the last state before the decay, which any number of passes
/// may go on from, and `decay.pt` one of the decay of these passes.
class KeptStates {
 public:
  /// `origin` names all that the bits of a state follow from, passes left out.
  KeptStates(const std::filesystem::path& folder, const std::string& origin, const Schedule& schedule);

  /// Loads what is furthest on: the decay of these passes, otherwise the state before it, otherwise nothing.
  /// Throws Error if a file is damaged or of another origin, and if the decay of these passes would have
  /// begun before the state.
  void take_up(TrainingState& state) const;

  void keep(const TrainingState& state) const;

 private:
  std::filesystem::path before_, decay_;
  std::string origin_, decay_origin_;
  const Schedule& schedule_;
};

}  // namespace promptbed::pocket
