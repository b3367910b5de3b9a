#include "kept_states.h"

#include <fmt/format.h>
#include <promptbed/error.h>

namespace promptbed::pocket {

KeptStates::KeptStates(const std::filesystem::path& folder, const std::string& origin,
                       const Schedule& schedule)
    : before_(folder / "state.pt"),
      decay_(folder / "decay.pt"),
      origin_(origin),
      decay_origin_(fmt::format("{} decayed over the last of {} steps", origin, schedule.steps())),
      schedule_(schedule) {}

void KeptStates::take_up(TrainingState& state) const {
  if (exists(decay_) && TrainingState::is_of(decay_, decay_origin_)) return state.load(decay_, decay_origin_);
  if (!exists(before_)) return;
  state.load(before_, origin_);
  if (state.step() > schedule_.decay_begin()) {
    throw Error(
        fmt::format("{}: is at step {}, and so few passes decay from step {} on; give --passes {} or more, "
                    "or another --output",
                    before_.string(), state.step(), schedule_.decay_begin(),
                    schedule_.passes_to_decay_from(state.step())));
  }
}

void KeptStates::keep(const TrainingState& state) const {
  const bool decays = state.step() > schedule_.decay_begin();
  state.save(decays ? decay_ : before_, decays ? decay_origin_ : origin_);
}

}  // namespace promptbed::pocket
