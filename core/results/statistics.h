#pragma once

#include <span>
#include <vector>

namespace promptbed {

/// Statistics, mostly over runs with different seeds. Values must be unrounded; lists must not be empty.

double mean(std::span<const double> values);

/// Of the population (divided by n), which is what the reference prints.
double standard_deviation(std::span<const double> values);

/// Half the width of Student's two-sided 95 % interval: t(0.975, n - 1) sample standard deviations over
/// sqrt(n). NaN for a single value, which has no spread.
double student_interval(std::span<const double> values);

/// The middle value; the upper one of the two if there is an even number.
double median(std::vector<double> values);

/// 2ab / (a + b): the H of base and new accuracy (arXiv 2203.05557, section 4.1). 0 if both are 0.
double harmonic_mean(double a, double b);

}  // namespace promptbed
