#pragma once

#include <span>

namespace promptbed {

/// Statistics over runs with different seeds. Values must be unrounded; none of the functions takes an empty
/// list.

double mean(std::span<const double> values);

/// Of the population, divided by n: what the reference prints.
double standard_deviation(std::span<const double> values);

/// Half the width of the reference's 95 % interval: 1.96 population standard deviations over sqrt(n). Too
/// narrow for a few seeds; student_interval is the honest one.
double normal_interval(std::span<const double> values);

/// Half the width of Student's two-sided 95 % interval: t(0.975, n - 1) sample standard deviations over
/// sqrt(n). NaN for one value, of which no spread is known.
double student_interval(std::span<const double> values);

/// 2ab / (a + b): the H of a base and a new accuracy (arXiv 2203.05557, section 4.1). 0 where both are 0.
double harmonic_mean(double a, double b);

}  // namespace promptbed
