#include "schedule.h"

#include <algorithm>
#include <cmath>

namespace promptbed::pocket {
namespace {

int64_t count_steps(double passes, int64_t steps_per_pass) {
  return std::max<int64_t>(1, std::lround(passes * static_cast<double>(steps_per_pass)));
}

int64_t last_part_begin(double part, int64_t steps) {
  return steps - static_cast<int64_t>(std::lround(part * static_cast<double>(steps)));
}

}  // namespace

Schedule::Schedule(const PretrainingRecipe& recipe, int64_t pairs)
    : learning_rate_(recipe.learning_rate),
      decay_(recipe.decay),
      warm_up_(recipe.warm_up),
      steps_per_pass_(std::max<int64_t>(1, pairs / recipe.batch)),
      steps_(count_steps(recipe.passes, steps_per_pass_)),
      decay_begin_(last_part_begin(recipe.decay, steps_)),
      full_begin_(last_part_begin(std::min(recipe.last_full_steps, recipe.decay), steps_)) {}

double Schedule::learning_rate(int64_t step) const {
  const double warm = static_cast<double>(step + 1) / static_cast<double>(std::max<int64_t>(1, warm_up_));
  const double decayed = static_cast<double>(step - decay_begin_) /
                         static_cast<double>(std::max<int64_t>(1, steps_ - decay_begin_));
  return learning_rate_ * std::min(1.0, warm) * (1 - std::sqrt(std::max(0.0, decayed)));
}

bool Schedule::is_measured(int64_t steps) const {
  const int64_t within = steps % steps_per_pass_;
  return within == 0 || within == steps_per_pass_ / 2 || steps == steps_;
}

double Schedule::passes_to_decay_from(int64_t step) const {
  const auto begin = [&](double passes) {
    return last_part_begin(decay_, count_steps(passes, steps_per_pass_));
  };
  int64_t tenths = 1;
  while (begin(static_cast<double>(tenths) / 10) < step) ++tenths;
  return static_cast<double>(tenths) / 10;
}

}  // namespace promptbed::pocket
