// One view through ViT-B/16's image tower with random weights, as extraction encodes it; the baseline is a
// view of a batch of eight through the plain tower in f32.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "clip/towers/image_tower.h"
#include "clip/towers/random_towers.h"
#include "support/plain_image_tower.h"

namespace promptbed::bench {
namespace {

constexpr int64_t kResolution = 224;
constexpr int64_t kBaselineBatch = 8;

const Checkpoint& checkpoint() {
  static const Checkpoint weights = random_image_tower(*image_tower_sizes("ViT-B/16"));
  return weights;
}

void one_view(benchmark::State& state, Precision precision) {
  const auto encoder = make_image_encoder(checkpoint(), {torch::kCPU, precision, /*differentiable=*/false});
  const at::NoGradGuard no_gradients;
  const Tensor pixels = at::randn({1, 3, kResolution, kResolution});
  encoder->encode(pixels);  // not counted: it allocates
  for (auto _ : state) benchmark::DoNotOptimize(encoder->encode(pixels));
}

void image_f32(benchmark::State& state) {
  one_view(state, Precision::f32);
}
void image_bf16(benchmark::State& state) {
  one_view(state, Precision::bf16);
}

void reference_image(benchmark::State& state) {
  const at::NoGradGuard no_gradients;
  const Tensor pixels = at::randn({kBaselineBatch, 3, kResolution, kResolution});
  test::plain_image_features(checkpoint(), pixels);  // not counted: it allocates
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(test::plain_image_features(checkpoint(), pixels));
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() /
                           kBaselineBatch);
  }
}

BENCHMARK(image_f32)->Iterations(3)->Repetitions(5)->Unit(benchmark::kMillisecond);
BENCHMARK(image_bf16)->Iterations(1)->Repetitions(3)->Unit(benchmark::kMillisecond);
BENCHMARK(reference_image)->Iterations(1)->Repetitions(5)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace promptbed::bench
