#include "comparison.h"

#include <fmt/format.h>

#include "results/statistics.h"

namespace promptbed::bench {
namespace {

std::string told(double value, Unit unit) {
  switch (unit) {
    case Unit::times:
    case Unit::milliseconds:
      return fmt::format("{:.{}f} ms", value * 1e3, value < 0.1 ? 2 : 0);
    case Unit::seconds:
      return fmt::format("{:.0f} s", value);
    case Unit::megabytes:
      break;
  }
  return fmt::format("{:.0f} MB", value / 1e6);
}

std::string told_goal(const Comparison& comparison) {
  switch (comparison.unit) {
    case Unit::times:
      return fmt::format("{}", comparison.goal);
    case Unit::milliseconds:
      return fmt::format("{} ms", comparison.goal);
    case Unit::seconds:
      return fmt::format("{} s", comparison.goal);
    case Unit::megabytes:
      break;
  }
  return fmt::format("{} MB", comparison.goal);
}

}  // namespace

const std::vector<Comparison>& comparisons() {
  static const std::vector<Comparison> all = {
      {"CoCoOp step, 1 image, 50 classes, f32", "cocoop_step_f32", "reference_step", Unit::times, 50},
      {"the same, bf16", "cocoop_step_bf16", "reference_step", Unit::times, 130},
      {"CoCoOp evaluation, 1 image of 4, 50 classes, f32", "cocoop_test_f32", "reference_test", Unit::times,
       50},
      {"the same, bf16", "cocoop_test_bf16", "reference_test", Unit::times, 120},
      {"CoOp step, 32 cached images, 50 classes, f32; whole step", "coop_step_f32", "reference_coop_step",
       Unit::times, 80},
      {"the same; text work", "coop_step_f32", "reference_step", Unit::times, 33},
      {"deep_text step, tokens in all 12 blocks, over CoOp's", "deep_text_step_f32", "coop_step_f32",
       Unit::times, 0.87},
      {"TCP step, tokens of each class from block 8 on, over CoOp's", "tcp_step_f32", "coop_step_f32",
       Unit::times, 0.6},
      {"MaPLe step, 4 images, 50 classes, f32", "maple_step_f32", "reference_maple_step", Unit::times, 2.5},
      {"the same, 200 classes", "maple_step_200_f32", "reference_maple_step_200", Unit::times, 5},
      {"PromptSRC step, 4 images, 50 classes, f32", "promptsrc_step_f32", "reference_promptsrc_step",
       Unit::times, 2.5},
      {"image features, one view, ViT-B/16, f32", "image_f32", "reference_image", Unit::times, 1.5},
      {"the same, bf16", "image_bf16", "reference_image", Unit::times, 3},
      {"CoCoOp step's useful FLOPs, over the faster 2048^3 product", "cocoop_step_f32", "gemm", Unit::times,
       0.6},
      {"peak memory, CoCoOp, ViT-B/16, 50 classes, f32", "memory_50_f32", "", Unit::megabytes, 700},
      {"the same, bf16", "memory_50_bf16", "", Unit::megabytes, 450},
      {"the same, 1000 classes, f32", "memory_1000_f32", "", Unit::megabytes, 2000},
      {"CoOp step, embedded model, `devices`", "small_coop_step", "", Unit::milliseconds, 3},
      {"CoCoOp step, embedded model, `devices`", "small_cocoop_step", "", Unit::milliseconds, 3},
      {"the whole pocket sweep, features cached", "pocket_sweep", "", Unit::seconds, 300},
      {"CoOp step, embedded model, plugin against linked in", "coop_in_plugin", "coop_linked_in", Unit::times,
       0.99},
      {"cached features, 50,000 x 512 f16, against a checksum pass", "read_features", "checksum_pass",
       Unit::times, 0.5},
      {"ImageNet's 1,281,167 cached features opened", "open_imagenet", "", Unit::milliseconds, 1000},
      {"the same, and 16 shots read", "read_imagenet_shots", "", Unit::milliseconds, 2000},
      {"runner --help", "start_help", "", Unit::milliseconds, 50},
      {"runner report, 33 runs", "start_report", "", Unit::milliseconds, 50},
  };
  return all;
}

Table compare(const std::map<std::string, std::vector<double>>& measured) {
  Table table{.title = "Medians of this run",
              .columns = {{"What", Alignment::left}, {"Baseline"}, {"Ours"}, {"Times"}, {"Goal"}},
              .rows = {},
              .notes = {}};
  for (const Comparison& comparison : comparisons()) {
    const auto ours = measured.find(comparison.ours), baseline = measured.find(comparison.baseline);
    const bool compared = comparison.unit == Unit::times;
    if (ours == measured.end() || (compared && baseline == measured.end())) continue;
    const double value = median(ours->second), slow = compared ? median(baseline->second) : 0;
    table.rows.push_back({comparison.what, compared ? told(slow, comparison.unit) : "-",
                          told(value, comparison.unit), compared ? fmt::format("{:.2f}", slow / value) : "-",
                          told_goal(comparison)});
  }
  return table;
}

}  // namespace promptbed::bench
