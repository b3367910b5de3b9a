#include "training/learning_rate.h"

#include <cmath>
#include <numbers>

namespace promptbed {

std::vector<double> learning_rates(int64_t epochs, double base, int64_t warmup_epochs, double warmup) {
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
      rates.push_back(height(step) / height(step - 1) * rates.back());
    }
  }
  return rates;
}

}  // namespace promptbed
