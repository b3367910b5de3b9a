// Training steps on the embedded model, where calls weigh most: CoOp from the plugin, through the host's
// guard, and from the same source linked into this program; and CoCoOp.
#include <benchmark/benchmark.h>

#include "embedded_task.h"
#include "methods/method_registry.h"
#include "results/statistics.h"

extern "C" const promptbed::PluginDescriptor promptbed_plugin;  // of plugins/coop/coop.cpp

namespace promptbed::bench {
namespace {

constexpr int64_t kBatch = 32;
constexpr int kSteps = 500;

/// A method bound to the task, and its steps.
class Steps {
 public:
  Steps(std::unique_ptr<PromptLearner> learner, const Task& task, int64_t images)
      : learner_(std::move(learner)), batch_(first_rows(task, images)) {
    learner_->resolve(task);
    learner_->bind(task);
    learner_->backward(batch_);
  }

  double seconds() {
    const auto start = std::chrono::steady_clock::now();
    for (auto& [name, parameter] : learner_->trainable()) parameter.mutable_grad() = Tensor();
    learner_->backward(batch_);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

 private:
  std::unique_ptr<PromptLearner> learner_;
  Batch batch_;
};

/// Seconds of one step by two ways.
struct TwoWays {
  double in_plugin, linked_in;
};

/// The two in turns, so that whatever else the machine does falls on both alike: the median of the one, and
/// of the differences between neighbours.
TwoWays measure() {
  const MethodRegistry registry(plugin_folders({}));
  const Task task = embedded_task();
  const MethodSpec& linked = promptbed_plugin.methods[0];
  const Options options(std::span(linked.options, linked.option_count));
  Steps in_plugin(registry.create(registry.at("coop"), options), task, kBatch);
  Steps linked_in(std::unique_ptr<PromptLearner>(linked.create(options)), task, kBatch);
  std::vector<double> seconds, differences;
  for (int i = 0; i < kSteps; ++i) {
    seconds.push_back(linked_in.seconds());
    differences.push_back(in_plugin.seconds() - seconds.back());
  }
  return {median(seconds) + median(differences), median(seconds)};
}

const TwoWays& both() {
  static const TwoWays measured = measure();
  return measured;
}

void coop_in_plugin(benchmark::State& state) {
  for (auto _ : state) state.SetIterationTime(both().in_plugin);
}
void coop_linked_in(benchmark::State& state) {
  for (auto _ : state) state.SetIterationTime(both().linked_in);
}

void small_step(benchmark::State& state, const char* method, int64_t images) {
  const MethodRegistry registry(plugin_folders({}));
  Steps steps(registry.create(registry.at(method), registry.at(method).default_options()), embedded_task(),
              images);
  for (auto _ : state) state.SetIterationTime(steps.seconds());
}
void small_coop_step(benchmark::State& state) {
  small_step(state, "coop", kBatch);
}
void small_cocoop_step(benchmark::State& state) {
  small_step(state, "cocoop", 1);
}

BENCHMARK(coop_in_plugin)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(coop_linked_in)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(small_coop_step)->Iterations(100)->Repetitions(5)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(small_cocoop_step)->Iterations(100)->Repetitions(5)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace promptbed::bench
