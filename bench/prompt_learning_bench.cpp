// A training step and a test of CoCoOp, and a step of CoOp, on the sizes of ViT-B/16's text tower with random
// weights. The reference's work is the same plugin on a text tower that runs all 77 tokens of every prompt
// through at::linear in f32.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "bound_method.h"
#include "clip/towers/random_towers.h"
#include "clip/towers/text_transformer.h"
#include "reference_towers.h"
#include "support/plain_image_tower.h"

namespace promptbed::bench {
namespace {

constexpr int64_t kClasses = 50;
constexpr int64_t kTestImages = 4;
constexpr int64_t kBatch = 32;
constexpr int64_t kResolution = 224;
constexpr int64_t kContextWords = 4;
constexpr int64_t kBlocks = 12;

const Checkpoint& checkpoint() {
  static const Checkpoint weights = random_text_tower(text_tower_sizes("ViT-B/16"));
  return weights;
}

std::shared_ptr<const TextEncoder> reference() {
  return std::make_shared<ReferenceTextEncoder>(checkpoint());
}

std::shared_ptr<const TextEncoder> ours(Precision precision) {
  return std::make_shared<TextTransformer>(checkpoint(), Placement{torch::kCPU, precision});
}

void step(benchmark::State& state, const char* method, std::shared_ptr<const TextEncoder> encoder,
          int64_t images) {
  BoundMethod bound(method, std::move(encoder), kClasses);
  const Batch batch = first_rows(bound.task, images);
  bound.step(batch);  // the first one allocates, and takes up to twice the time
  for (auto _ : state) bound.step(batch);
}

/// Seconds an image, of a few that are tested together.
void test_images(benchmark::State& state, std::shared_ptr<const TextEncoder> encoder, int64_t images) {
  BoundMethod bound("cocoop", std::move(encoder), kClasses);
  const Batch batch = first_rows(bound.task, images);
  bound.test(first_rows(bound.task, 1));
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(bound.test(batch));
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() /
                           static_cast<double>(images));
  }
}

void reference_step(benchmark::State& state) {
  step(state, "cocoop", reference(), 1);
}
/// A whole CoOp step of the reference: it encodes the 32 images again, in f32, and then does the text work.
void reference_coop_step(benchmark::State& state) {
  const Checkpoint image_tower = random_image_tower(*image_tower_sizes("ViT-B/16"));
  BoundMethod bound("coop", reference(), kClasses);
  const Batch batch = first_rows(bound.task, kBatch);
  const Tensor pixels = at::randn({kBatch, 3, kResolution, kResolution});
  for (auto _ : state) {
    {
      const at::NoGradGuard no_gradients;
      benchmark::DoNotOptimize(test::plain_image_features(image_tower, pixels));
    }
    bound.learner->backward(batch);
  }
}

/// The floating-point operations of a CoCoOp step that no exact method can do without: each class's own
/// tokens and each image's prefix, forward and back, in the last block EOS alone behind keys and values.
double useful_operations(const Task& task) {
  const double width = static_cast<double>(task.text_encoder->width());
  double rows = 1 + kContextWords;
  for (const std::string& name : task.class_names)
    rows += static_cast<double>(task.tokenizer->encode(name + ".").size()) + 1;
  const double blocks =
      12 * rows * (kBlocks - 1) + 2 * rows + 10 * static_cast<double>(task.class_names.size());
  return 2 * 2 * blocks * width * width;
}

/// What the faster of LibTorch's two products takes for as many operations, in one large product of each.
void gemm(benchmark::State& state) {
  constexpr int64_t kSize = 2048;
  const Tensor a = at::randn({kSize, kSize}), b = at::randn({kSize, kSize}), packed = b.to_mkldnn();
  const BoundMethod bound("cocoop", ours(Precision::f32), kClasses);
  const auto seconds_of = [](const auto& product) {
    product();
    const auto start = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(product());
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const at::NoGradGuard no_gradients;
  for (auto _ : state) {
    const double fastest = std::min(seconds_of([&] { return at::mm(a, b); }),
                                    seconds_of([&] { return at::mkldnn_linear(a.to_mkldnn(), packed, {}); }));
    state.SetIterationTime(fastest * useful_operations(bound.task) / (2.0 * kSize * kSize * kSize));
  }
}

void cocoop_step_f32(benchmark::State& state) {
  step(state, "cocoop", ours(Precision::f32), 1);
}
void cocoop_step_bf16(benchmark::State& state) {
  step(state, "cocoop", ours(Precision::bf16), 1);
}
void coop_step_f32(benchmark::State& state) {
  step(state, "coop", ours(Precision::f32), kBatch);
}
void deep_text_step_f32(benchmark::State& state) {
  step(state, "deep_text", ours(Precision::f32), kBatch);
}
void tcp_step_f32(benchmark::State& state) {
  step(state, "tcp", ours(Precision::f32), kBatch);
}
void reference_test(benchmark::State& state) {
  test_images(state, reference(), 1);
}
void cocoop_test_f32(benchmark::State& state) {
  test_images(state, ours(Precision::f32), kTestImages);
}
void cocoop_test_bf16(benchmark::State& state) {
  test_images(state, ours(Precision::bf16), kTestImages);
}

BENCHMARK(reference_step)->Iterations(1)->Repetitions(3)->Unit(benchmark::kMillisecond);
BENCHMARK(gemm)->Iterations(1)->Repetitions(5)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(cocoop_step_f32)->Iterations(3)->Repetitions(5)->Unit(benchmark::kMillisecond);
BENCHMARK(coop_step_f32)->Iterations(3)->Repetitions(5)->Unit(benchmark::kMillisecond);
BENCHMARK(deep_text_step_f32)->Iterations(3)->Repetitions(5)->Unit(benchmark::kMillisecond);
BENCHMARK(tcp_step_f32)->Iterations(3)->Repetitions(5)->Unit(benchmark::kMillisecond);
BENCHMARK(reference_coop_step)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(cocoop_step_bf16)->Iterations(1)->Repetitions(3)->Unit(benchmark::kMillisecond);
BENCHMARK(reference_test)->Iterations(1)->Repetitions(3)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(cocoop_test_f32)->Iterations(1)->Repetitions(5)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(cocoop_test_bf16)->Iterations(1)->Repetitions(3)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace promptbed::bench
