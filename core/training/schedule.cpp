#include "training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace promptbed {

int64_t steps_of_epoch(int64_t images, const Recipe& recipe) {
  const int64_t batch_size = std::min(recipe.batch_size, images);
  return (images + (recipe.keeps_last_batch ? batch_size - 1 : 0)) / batch_size;
}

int64_t epochs_of(const Recipe& recipe, int64_t steps_per_epoch) {
  if (recipe.iterations == 0) return recipe.epochs;
  return (recipe.iterations - 1) / steps_per_epoch + 1;
}

int64_t steps_of(const Recipe& recipe, int64_t steps_per_epoch) {
  return recipe.iterations == 0 ? recipe.epochs * steps_per_epoch : recipe.iterations;
}

double LearningRates::at(int64_t epoch) {
  while (static_cast<int64_t>(rates_.size()) <= epoch) rates_.push_back(next());
  return rates_[epoch];
}

double LearningRates::next() const {
  const auto height = [this](int64_t step) {
    return 1 + std::cos(std::numbers::pi * static_cast<double>(step) / static_cast<double>(epochs_));
  };
  const int64_t step = static_cast<int64_t>(rates_.size()) - warmup_epochs_;
  if (step < 0) return warmup_;
  if (step == 0) return base_;
  return height(step) / height(step - 1) * (rates_.back() - end_) + end_;
}

}  // namespace promptbed
