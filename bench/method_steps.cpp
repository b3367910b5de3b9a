#include "method_steps.h"

#include <ATen/ATen.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "base/progress.h"
#include "clip/towers/image_tower.h"
#include "clip/towers/random_towers.h"
#include "embedded_task.h"
#include "methods/method_registry.h"
#include "results/statistics.h"
#include "training/cost.h"
#include "training/epoch_order.h"
#include "training/optimiser.h"
#include "training/schedule.h"
#include "training/step_gradients.h"

namespace promptbed::bench {
namespace {

constexpr const char* kLarge = "ViT-B/16";
constexpr const char* kSmall = "pocket";
constexpr const char* kCompared = "coop";  // that the others are set beside
constexpr int64_t kClasses = 50;
constexpr int kRepetitions = 5;

const MethodRegistry& registry() {
  static const MethodRegistry plugins(plugin_folders({}));
  return plugins;
}

/// A task that any method can be bound to.
Task task_of(const std::string& tower) {
  Task task = tower == kSmall ? embedded_task()
                              : made_task(std::make_shared<TextTransformer>(
                                              random_text_tower(text_tower_sizes(kLarge)), Placement{}),
                                          kClasses);
  if (tower == kLarge) {
    task.image_encoder =
        std::make_shared<LateImageEncoder>(random_image_tower(*image_tower_sizes(kLarge)), Placement{});
  }
  task.dataset = "bench";
  task.shots = task.train.labels.size(0) / static_cast<int64_t>(task.class_names.size());
  task.text_blocks = task.text_encoder->blocks();
  task.image_blocks = task.image_encoder->blocks();
  task.validation = {task.train.features.narrow(0, 0, 0), task.train.labels.narrow(0, 0, 0)};
  return task;
}

std::string name_of(const std::string& tower, const std::string& method) {
  return fmt::format("method_step/{}/{}", tower, method);
}

/// With its options settled.
std::unique_ptr<PromptLearner> made(const Method& method, const Task& task) {
  auto learner = registry().create(method, registry().options_of(method));
  learner->resolve(task);
  return learner;
}

/// The images of a method's step.
int64_t images_of_step(const PromptLearner& learner, const Task& task) {
  return std::min(learner.recipe(task).batch_size, task.train.labels.size(0));
}

/// How many numbers it learns.
int64_t learned_by(PromptLearner& learner, Task task) {
  if (learner.needs().pixels) task.train.features = Tensor();
  learner.bind(task);
  return count_parameters(learner).all;
}

void step(benchmark::State& state, const Method& method, const std::string& tower) {
  Task task = task_of(tower);
  const auto learner = made(method, task);
  Batch batch = first_rows(task, images_of_step(*learner, task));
  if (learner->needs().pixels) {
    const int64_t side = task.image_encoder->resolution();
    batch.features = task.train.features = Tensor();
    batch.pixels = at::randn({batch.labels.size(0), 3, side, side}, seeded_generator(1, "pixels"));
  }
  learner->bind(task);
  StepGradients gradients(*learner, batch.labels.size(0));
  Optimiser optimiser(learner->trainable(), learner->recipe(task));
  optimiser.start_epoch(0);
  const auto make_step = [&] {
    gradients.compute(batch);
    optimiser.step();
  };
  make_step();  // the first one allocates, and takes up to twice the time
  for (auto _ : state) make_step();
}

std::vector<const Method*> methods_with_steps() {
  std::vector<const Method*> methods;
  for (const Method& method : registry().methods()) {
    if (method.trainable() && !method.has_own_solver()) methods.push_back(&method);
  }
  return methods;
}

}  // namespace

void register_method_steps() {
  for (const char* tower : {kLarge, kSmall}) {
    const int iterations = tower == kSmall ? 100 : 1;
    for (const Method* method : methods_with_steps()) {
      benchmark::RegisterBenchmark(name_of(tower, method->name()).c_str(),
                                   [method, tower](benchmark::State& state) { step(state, *method, tower); })
          ->Iterations(iterations)
          ->Repetitions(kRepetitions)
          ->Unit(benchmark::kMillisecond);
    }
  }
}

Table method_steps_table(const std::map<std::string, std::vector<double>>& measured) {
  Table table{.title = "A training step of each method",
              .columns = {{"Method", Alignment::left}, {"Learned"}, {"Images"}, {"Steps"}, {"Training"}},
              .rows = {},
              .notes = {}};
  for (const char* tower : {kLarge, kSmall}) {
    table.columns.push_back({"ms", Alignment::right, tower});
    table.columns.push_back({fmt::format("times {}'s", kCompared), Alignment::right, tower});
  }
  const auto seconds_of = [&](const char* tower, const std::string& method) -> std::optional<double> {
    const auto found = measured.find(name_of(tower, method));
    if (found == measured.end()) return std::nullopt;
    return median(found->second);
  };
  if (!seconds_of(kLarge, kCompared) || !seconds_of(kSmall, kCompared)) return table;
  const Task large = task_of(kLarge);
  for (const Method* method : methods_with_steps()) {
    std::vector<Cell> times;
    for (const char* tower : {kLarge, kSmall}) {
      const auto own = seconds_of(tower, method->name()), compared = seconds_of(tower, kCompared);
      if (!own) break;
      times.emplace_back(fmt::format("{:.1f}", *own * 1e3));
      times.emplace_back(fmt::format("{:.2f}", *own / *compared));
    }
    if (times.size() < 4) continue;
    const auto learner = made(*method, large);
    const Recipe recipe = learner->recipe(large);
    const int64_t steps = steps_of(recipe, steps_of_epoch(large.train.labels.size(0), recipe));
    auto& cells = table.rows.emplace_back(
        std::vector<Cell>{method->name(), grouped(learned_by(*learner, large)),
                          std::to_string(images_of_step(*learner, large)), grouped(steps),
                          duration_text(std::chrono::duration<double>(static_cast<double>(steps) *
                                                                      *seconds_of(kLarge, method->name())))});
    cells.insert(cells.end(), times.begin(), times.end());
  }
  return table;
}

}  // namespace promptbed::bench
