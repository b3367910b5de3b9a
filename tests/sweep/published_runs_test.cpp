#include <gtest/gtest.h>

#include <algorithm>

#include "data/suites/suite.h"
#include "methods/method_registry.h"
#include "methods/plugin_check.h"
#include "report/grid/published.h"
#include "results/run_spec.h"

namespace promptbed {
namespace {

const std::filesystem::path kSuites = std::filesystem::path(PROMPTBED_SOURCE_DIR) / "datasets";
constexpr const char* kBackbone = "ViT-B/16";

/// A run on base classes that a sweep of a method makes by default, on ViT-B/16 and 16 shots, with the
/// paper's crops.
RunSpec default_run(const Method& method, const MethodRegistry& registry, const DatasetSpec& dataset,
                    const Published& paper) {
  Setting setting = typical_setting();
  setting.dataset = dataset.id;
  setting.prompt_template = dataset.prompt_template;
  setting.context_init = dataset.context_init;
  setting.text_blocks = setting.image_blocks = 12;
  setting.shots = paper.shots;
  const auto learner = registry.create(method, registry.options_of(method));
  RunSpec run;
  run.dataset = dataset.id;
  run.prompt_template = dataset.prompt_template;
  run.method = method.name();
  run.options = learner->resolve(setting).values();
  if (!method.trainable()) return run;
  run.classes = "base";
  run.shots = setting.shots;
  run.views = learner->needs().pixels ? kFreshCrops : 10;
  run.crops = paper.crops;
  if (!method.has_own_solver()) run.recipe = learner->recipe(setting);
  return run;
}

// What a paper's figures were made with is what our methods do by default, on each of its datasets.
TEST(PublishedRuns, AreThoseThatSweepsMakeByDefault) {
  const MethodRegistry registry(plugin_folders({}));
  const Suite suite = read_suite(kSuites, "paper");
  size_t compared = 0;
  for (const Published& paper : read_published(kSuites)) {
    for (const PublishedMethod& published : paper.methods) {
      for (const DatasetSpec& dataset : suite.datasets) {
        RunSpec run = default_run(registry.at(published.method), registry, dataset, paper);
        // The host shortens CoOp's recipe on ImageNet by --epochs alone.
        if (paper.title == "CoCoOp" && dataset.id == "imagenet" && published.method.starts_with("coop"))
          run.recipe->epochs = 50;
        EXPECT_EQ(paper.mismatch(run, kBackbone), std::nullopt) << published.method << " on " << dataset.id;
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, 18 * suite.datasets.size());
}

}  // namespace
}  // namespace promptbed
