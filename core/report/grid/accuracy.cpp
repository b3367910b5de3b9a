#include "report/grid/accuracy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "results/statistics.h"

namespace promptbed {
namespace {

/// The value for a seed; without seeds the only one. Nothing if there is none.
std::optional<double> value_of(const Accuracy& accuracy, int64_t seed) {
  if (!accuracy.mean) return std::nullopt;
  if (!accuracy.has_seeds()) return accuracy.by_seed.empty() ? accuracy.mean : accuracy.by_seed.front();
  const auto found = std::ranges::find(accuracy.seeds, seed);
  if (found == accuracy.seeds.end()) return std::nullopt;
  return accuracy.by_seed[static_cast<size_t>(found - accuracy.seeds.begin())];
}

/// The seeds that all with seeds share, ascending; none if none has any.
std::vector<int64_t> common_seeds(std::span<const Accuracy* const> parts) {
  std::vector<int64_t> common;
  bool is_first = true;
  for (const Accuracy* part : parts) {
    if (!part->has_seeds()) continue;
    if (is_first) common = part->seeds;
    std::erase_if(common, [&](int64_t seed) { return std::ranges::count(part->seeds, seed) == 0; });
    is_first = false;
  }
  return common;
}

}  // namespace

Accuracy make_accuracy(const std::map<int64_t, double>& by_seed, bool is_trained, std::string refusal) {
  Accuracy accuracy;
  accuracy.is_trained = is_trained;
  for (const auto& [seed, value] : by_seed) {
    accuracy.seeds.push_back(seed);
    accuracy.by_seed.push_back(value);
  }
  if (!by_seed.empty()) accuracy.mean = mean(accuracy.by_seed);
  if (by_seed.empty()) accuracy.refusal = std::move(refusal);
  return accuracy;
}

Accuracy seedless_accuracy(double value) {
  return {.mean = value, .by_seed = {value}};
}

Accuracy average(std::span<const Accuracy* const> all) {
  std::vector<const Accuracy*> parts;
  std::ranges::copy_if(all, std::back_inserter(parts),
                       [](const Accuracy* part) { return part->mean.has_value(); });
  Accuracy result;
  if (parts.empty()) return result;
  std::vector<double> means;
  for (const Accuracy* part : parts) means.push_back(*part->mean);
  result.mean = mean(means);
  result.is_trained = std::ranges::any_of(parts, [](const Accuracy* part) { return part->is_trained; });
  result.seeds = common_seeds(parts);
  for (const int64_t seed : result.seeds) {
    double sum = 0;
    for (const Accuracy* part : parts) sum += *value_of(*part, seed);
    result.by_seed.push_back(sum / static_cast<double>(parts.size()));
  }
  return result;
}

Accuracy harmonic(const Accuracy& on_base, const Accuracy& on_new) {
  Accuracy h;
  h.refusal = on_new.refusal;
  if (!on_base.mean || !on_new.mean) return h;
  h.mean = harmonic_mean(*on_base.mean, *on_new.mean);
  h.is_trained = on_base.is_trained || on_new.is_trained;
  const Accuracy* const both[] = {&on_base, &on_new};
  h.seeds = common_seeds(both);
  for (const int64_t seed : h.seeds)
    h.by_seed.push_back(harmonic_mean(*value_of(on_base, seed), *value_of(on_new, seed)));
  return h;
}

std::optional<double> spread(const Accuracy& accuracy, Spread kind) {
  if (kind == Spread::none || !accuracy.has_seeds() || accuracy.by_seed.size() < 2) return std::nullopt;
  return kind == Spread::deviation ? standard_deviation(accuracy.by_seed)
                                   : student_interval(accuracy.by_seed);
}

Cell to_cell(const Accuracy& accuracy, Spread kind) {
  if (!accuracy.mean) return accuracy.refusal.empty() ? "-" : kCannot;
  std::string text = fmt::format("{:.2f}", *accuracy.mean);
  if (const auto width = spread(accuracy, kind)) text += fmt::format(" ± {:.2f}", *width);
  return {text, *accuracy.mean};
}

Cell exact(const std::optional<double>& value) {
  return value ? Cell(fmt::format("{}", *value), *value) : Cell();
}

Cell seed_list(const Accuracy& accuracy) {
  if (!accuracy.has_seeds()) return {};
  return {fmt::format("{}", fmt::join(accuracy.seeds, " ")), accuracy.seeds};
}

std::vector<SeedPair> pairs(const Accuracy& one, const Accuracy& other) {
  std::vector<SeedPair> found;
  if (!one.mean || !other.mean) return found;
  const Accuracy* const both[] = {&one, &other};
  for (const int64_t seed : common_seeds(both))
    found.push_back({*value_of(one, seed), *value_of(other, seed)});
  if (!one.has_seeds() && !other.has_seeds()) found.push_back({*one.mean, *other.mean});
  return found;
}

}  // namespace promptbed
