// CoOp's training step on the embedded model, where calls weigh most: from the plugin, through the host's
// guard, and from the same source linked into this program.
#include <benchmark/benchmark.h>

#include "base/installation.h"
#include "clip/model.h"
#include "clip/text_transformer.h"
#include "data/suite.h"
#include "made_task.h"
#include "methods/method_registry.h"

extern "C" const promptbed::PluginDescriptor promptbed_plugin;  // of plugins/coop/coop.cpp

namespace promptbed::bench {
namespace {

Task embedded_task() {
  const ClipModel model = ClipModel::load(read_suite(datasets_folder(), "pocket").model);
  Task task = made_task(std::make_shared<TextTransformer>(model.checkpoint(), Placement{}), 15);
  task.tokenizer = model.tokenizer();
  return task;
}

void step(benchmark::State& state, PromptLearner& learner) {
  const Task task = embedded_task();
  learner.resolve(task);
  learner.bind(task);
  const Batch batch = first_rows(task, 32);
  for (auto _ : state) learner.backward(batch);
}

void coop_in_plugin(benchmark::State& state) {
  const MethodRegistry registry(plugin_folders({}));
  const Method& coop = registry.at("coop");
  step(state, *registry.create(coop, coop.default_options()));
}

void coop_linked_in(benchmark::State& state) {
  const MethodSpec& coop = promptbed_plugin.methods[0];
  const std::unique_ptr<PromptLearner> learner(
      coop.create(Options(std::span(coop.options, coop.option_count))));
  step(state, *learner);
}

BENCHMARK(coop_in_plugin)->Iterations(100)->Repetitions(9)->Unit(benchmark::kMillisecond);
BENCHMARK(coop_linked_in)->Iterations(100)->Repetitions(9)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace promptbed::bench
