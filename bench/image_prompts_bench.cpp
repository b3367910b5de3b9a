// A training step of methods inside the image tower, 4 images, on the sizes of ViT-B/16 with random weights.
// The reference's work is the same plugin on towers that run every token of every prompt and every row of
// every block through at::linear in f32.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "base/installation.h"
#include "clip/towers/image_tower.h"
#include "clip/towers/random_towers.h"
#include "clip/towers/text_transformer.h"
#include "made_task.h"
#include "methods/method_registry.h"
#include "reference_towers.h"

namespace promptbed::bench {
namespace {

constexpr int64_t kImages = 4;

const Checkpoint& text_weights() {
  static const Checkpoint weights = random_text_tower(text_tower_sizes("ViT-B/16"));
  return weights;
}

const Checkpoint& image_weights() {
  static const Checkpoint weights = random_image_tower(*image_tower_sizes("ViT-B/16"));
  return weights;
}

Task reference_task(int64_t classes) {
  Task task = made_task(std::make_shared<ReferenceTextEncoder>(text_weights()), classes);
  task.image_encoder = std::make_shared<ReferenceImageEncoder>(image_weights());
  return task;
}

Task our_task(int64_t classes) {
  Task task = made_task(std::make_shared<TextTransformer>(text_weights(), Placement{}), classes);
  task.image_encoder = make_image_encoder(image_weights(), {});
  return task;
}

void step(benchmark::State& state, const char* method, Task task) {
  const MethodRegistry registry(plugin_folders({}));
  const Method& found = registry.at(method);
  const auto learner = registry.create(found, found.default_options());
  Batch batch = first_rows(task, kImages);
  batch.features = task.train.features = Tensor();
  const int64_t side = task.image_encoder->resolution();
  batch.pixels = at::randn({kImages, 3, side, side});
  learner->resolve(task);
  learner->bind(task);
  learner->backward(batch);  // the first one allocates
  for (auto _ : state) {
    for (auto& [name, parameter] : learner->trainable()) parameter.mutable_grad() = Tensor();
    learner->backward(batch);
  }
}

void reference_maple_step(benchmark::State& state) {
  step(state, "maple", reference_task(50));
}
void reference_maple_step_200(benchmark::State& state) {
  step(state, "maple", reference_task(200));
}
void reference_promptsrc_step(benchmark::State& state) {
  step(state, "promptsrc", reference_task(50));
}
void maple_step_f32(benchmark::State& state) {
  step(state, "maple", our_task(50));
}
void maple_step_200_f32(benchmark::State& state) {
  step(state, "maple", our_task(200));
}
void promptsrc_step_f32(benchmark::State& state) {
  step(state, "promptsrc", our_task(50));
}
void clip_lora_step_f32(benchmark::State& state) {
  step(state, "clip_lora", our_task(50));
}
void mmrl_step_f32(benchmark::State& state) {
  step(state, "mmrl", our_task(50));
}
void vpt_step_f32(benchmark::State& state) {
  step(state, "vpt", our_task(50));
}

BENCHMARK(reference_maple_step)->Iterations(1)->Repetitions(3)->Unit(benchmark::kMillisecond);
BENCHMARK(maple_step_f32)->Iterations(1)->Repetitions(5)->Unit(benchmark::kMillisecond);
BENCHMARK(reference_promptsrc_step)->Iterations(1)->Repetitions(3)->Unit(benchmark::kMillisecond);
BENCHMARK(promptsrc_step_f32)->Iterations(1)->Repetitions(5)->Unit(benchmark::kMillisecond);
BENCHMARK(reference_maple_step_200)->Iterations(1)->Repetitions(1)->Unit(benchmark::kMillisecond);
BENCHMARK(maple_step_200_f32)->Iterations(1)->Repetitions(3)->Unit(benchmark::kMillisecond);
BENCHMARK(vpt_step_f32)->Iterations(1)->Repetitions(3)->Unit(benchmark::kMillisecond);
BENCHMARK(clip_lora_step_f32)->Iterations(1)->Repetitions(3)->Unit(benchmark::kMillisecond);
BENCHMARK(mmrl_step_f32)->Iterations(1)->Repetitions(3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace promptbed::bench
