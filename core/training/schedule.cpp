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

std::vector<double> learning_rates(int64_t epochs, double base, int64_t warmup_epochs, double warmup,
                                   double end) {
  const auto height = [epochs](int64_t step) {
    return 1 + std::cos(std::numbers::pi * static_cast<double>(step) / static_cast<double>(epochs));
  };
  std::vector<double> rates;
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    const int64_t step = epoch - warmup_epochs;
    if (step < 0) {
      rates.push_back(warmup);
    } else if (step == 0) {
      rates.push_back(base);
    } else {
      rates.push_back(height(step) / height(step - 1) * (rates.back() - end) + end);
    }
  }
  return rates;
}

}  // namespace promptbed
