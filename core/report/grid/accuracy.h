#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "report/select/query.h"
#include "table/table.h"

namespace promptbed {

/// An accuracy over seeds, in percent: of one variant of a method on one set of test images, or an average or
/// H of such.
struct Accuracy {
  std::optional<double> mean = {};   ///< nothing if there is no score
  std::vector<int64_t> seeds = {};   ///< ascending; none of a method that makes one run whatever the seeds
  std::vector<double> by_seed = {};  ///< as long as `seeds`; without seeds one value
  std::string refusal = {};          ///< why the method cannot serve these classes, if it cannot
  bool is_trained = false;           ///< an online method has seeds without training

  bool has_seeds() const { return !seeds.empty(); }
};

/// Of a method with seeds, from its values by them; the refusal counts only without any.
Accuracy make_accuracy(const std::map<int64_t, double>& by_seed, bool is_trained, std::string refusal = {});

/// Of a method without seeds.
Accuracy seedless_accuracy(double value);

/// The mean of the means; by seed, for the seeds that all with seeds share. Those without a mean are left
/// out.
Accuracy average(std::span<const Accuracy* const> all);

/// H of the two means beside it, as the papers' averages are (arXiv 2203.05557, table 1), not the mean of the
/// runs' H. By seed each run's own H, which only its spread is made of.
Accuracy harmonic(const Accuracy& on_base, const Accuracy& on_new);

/// Over seeds; nothing without any or with a single one.
std::optional<double> spread(const Accuracy& accuracy, Spread kind);

/// The values of two methods for a seed that they share.
using SeedPair = std::pair<double, double>;

/// All such pairs. A method without seeds pairs with any, and two of them make one pair.
std::vector<SeedPair> pairs(const Accuracy& one, const Accuracy& other);

/// What tables for readers have in the place of a number that a method cannot have.
inline constexpr const char* kCannot = "cannot";

/// For readers: "60.00", "60.00 ± 1.25", "cannot" or "-", with the mean as value.
Cell to_cell(const Accuracy& accuracy, Spread kind = Spread::none);

/// For programs: the number with all its digits; empty if there is none.
Cell exact(const std::optional<double>& value);

/// For programs: "1 2 3", in JSON a list; empty without seeds.
Cell seed_list(const Accuracy& accuracy);

}  // namespace promptbed
