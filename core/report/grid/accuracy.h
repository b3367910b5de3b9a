#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "report/select/report_query.h"
#include "table/table.h"

namespace promptbed {

/// An accuracy over seeds, in percent: of one variant of a method on one set of test images, or an average or
/// H of such.
struct Accuracy {
  std::optional<double> mean;   ///< nothing where there is no score
  std::vector<int64_t> seeds;   ///< ascending; none without training
  std::vector<double> by_seed;  ///< as long as `seeds`; without training one value
  std::string refusal;          ///< why there is no score, where the method cannot serve these classes

  bool is_trained() const { return !seeds.empty(); }
};

/// Of a trained method, from the values by seed; the refusal counts where there is no value.
Accuracy make_accuracy(const std::map<int64_t, double>& by_seed, std::string refusal = {});

/// Of a method without training.
Accuracy untrained_accuracy(double value);

/// The mean of the means; by seed, for those seeds that all trained ones have. Those without a mean are left
/// out.
Accuracy average(std::span<const Accuracy* const> all);

/// An average over datasets, and those that it lacks.
struct DatasetAverage {
  Accuracy accuracy;
  std::vector<std::string> missing;
};

/// Over the accuracies that are there, one a dataset.
DatasetAverage average_over(const std::vector<std::string>& datasets, std::span<const Accuracy* const> all);

/// H of the two means that stand beside it (the paper's averages are so: arXiv 2203.05557, table 1), not the
/// mean of the runs' H. By seed each run's own H, which serves its spread only.
Accuracy harmonic(const Accuracy& base, const Accuracy& unseen);

/// Over seeds; nothing without training and for one seed.
std::optional<double> spread(const Accuracy& accuracy, Spread kind);

/// A value of each, for a common seed.
using SeedPair = std::pair<double, double>;

/// The values of two methods with the same seed; one that is not trained pairs with any seed, and two such
/// make one pair.
std::vector<SeedPair> pairs(const Accuracy& one, const Accuracy& other);

/// For readers: "60.00", "60.00 ± 1.25", "cannot" or "-", with the mean as value.
Cell to_cell(const Accuracy& accuracy, Spread kind = Spread::none);

/// For programs: the number in as many digits as it has; empty where there is none.
Cell exact(const std::optional<double>& value);

/// For programs: "1 2 3", a list in JSON; empty without training.
Cell seed_list(const Accuracy& accuracy);

}  // namespace promptbed
