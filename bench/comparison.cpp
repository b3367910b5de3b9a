#include "comparison.h"

#include <fmt/format.h>

#include "base/median.h"

namespace promptbed::bench {
namespace {

std::string milliseconds(double seconds) {
  return fmt::format("{:.{}f}", seconds * 1e3, seconds < 0.1 ? 3 : 0);
}

}  // namespace

const std::vector<Comparison>& comparisons() {
  static const std::vector<Comparison> all = {
      {"CoCoOp step, 1 image, 50 classes, f32", "cocoop_step_f32", "reference_step", 50},
      {"the same, bf16", "cocoop_step_bf16", "reference_step", 130},
      {"CoCoOp evaluation, 1 image of 4, 50 classes, f32", "cocoop_test_f32", "reference_test", 50},
      {"the same, bf16", "cocoop_test_bf16", "reference_test", 120},
      {"CoOp step, 32 cached images, 50 classes, f32; text work", "coop_step_f32", "reference_step", 33},
      {"image features, one view, ViT-B/16, f32", "image_f32", "reference_image", 1.5},
      {"the same, bf16", "image_bf16", "reference_image", 3},
      {"CoOp step, embedded model, plugin against linked in", "coop_in_plugin", "coop_linked_in", 0.99},
      {"cached features, 50,000 x 512 f16, against a checksum pass", "read_features", "checksum_pass", 0.5},
  };
  return all;
}

Table compare(const std::map<std::string, std::vector<double>>& seconds) {
  Table table{.title = "Medians of this run",
              .columns = {{"What", Alignment::left}, {"Baseline (ms)"}, {"Ours (ms)"}, {"Times"}, {"Goal"}},
              .rows = {},
              .notes = {}};
  for (const Comparison& comparison : comparisons()) {
    const auto ours = seconds.find(comparison.ours), baseline = seconds.find(comparison.baseline);
    if (ours == seconds.end() || baseline == seconds.end()) continue;
    const double fast = median(ours->second), slow = median(baseline->second);
    table.rows.push_back({comparison.what, milliseconds(slow), milliseconds(fast),
                          fmt::format("{:.2f}", slow / fast), fmt::format("{}", comparison.goal)});
  }
  return table;
}

}  // namespace promptbed::bench
