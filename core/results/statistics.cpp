#include "results/statistics.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>

namespace promptbed {
namespace {

double squared_deviations(std::span<const double> values) {
  const double centre = mean(values);
  return std::accumulate(values.begin(), values.end(), 0.0,
                         [&](double sum, double value) { return sum + (value - centre) * (value - centre); });
}

}  // namespace

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_deviation(std::span<const double> values) {
  return std::sqrt(squared_deviations(values) / static_cast<double>(values.size()));
}

double student_interval(std::span<const double> values) {
  if (values.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const auto n = static_cast<double>(values.size());
  const double sample_deviation = std::sqrt(squared_deviations(values) / (n - 1));
  const double t = boost::math::quantile(boost::math::students_t(n - 1), 0.975);
  return t * sample_deviation / std::sqrt(n);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double harmonic_mean(double a, double b) {
  return a + b == 0 ? 0 : 2 * a * b / (a + b);
}

}  // namespace promptbed
