#include "results/open_world.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace promptbed {
namespace {

std::vector<double> scores_of(std::span<const OpenWorldRow> rows, bool only_correct) {
  std::vector<double> scores;
  for (const OpenWorldRow& row : rows) {
    if (row.correct || !only_correct) scores.push_back(row.base_score);
  }
  return scores;
}

/// Twice the number of pairs in which the first is higher, a tie counting one half.
int64_t halves_won(const std::vector<double>& scores, std::vector<double> others) {
  std::ranges::sort(others);
  int64_t halves = 0;
  for (const double score : scores) {
    const auto [lower, upper] = std::equal_range(others.begin(), others.end(), score);
    halves += (lower - others.begin()) + (upper - others.begin());
  }
  return halves;
}

double share_won(std::span<const OpenWorldRow> on_base, std::span<const OpenWorldRow> on_new,
                 bool only_correct) {
  const double pairs = static_cast<double>(on_base.size()) * static_cast<double>(on_new.size());
  const int64_t halves = halves_won(scores_of(on_base, only_correct), scores_of(on_new, only_correct));
  return 100 * static_cast<double>(halves) / (2 * pairs);
}

}  // namespace

double auroc(std::span<const OpenWorldRow> on_base, std::span<const OpenWorldRow> on_new) {
  return share_won(on_base, on_new, /*only_correct=*/false);
}

double openworld_auc(std::span<const OpenWorldRow> on_base, std::span<const OpenWorldRow> on_new) {
  return share_won(on_base, on_new, /*only_correct=*/true);
}

}  // namespace promptbed
