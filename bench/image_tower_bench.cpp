// One view through ViT-B/16's image tower with random weights, as extraction encodes it; the baseline is a
// view of a batch of eight through the plain tower in f32.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "clip/image_encoder.h"
#include "support/plain_transformer.h"

namespace promptbed::bench {
namespace {

constexpr int64_t kWidth = 768, kHeads = 12, kLayers = 12, kPatch = 16, kResolution = 224, kEmbedding = 512;
constexpr int64_t kBaselineBatch = 8;

Tensor random(at::IntArrayRef shape) {
  return at::randn(shape).mul_(0.05);
}

Checkpoint random_image_tower() {
  Checkpoint checkpoint;
  checkpoint.vision_heads = kHeads;
  const auto add = [&](const std::string& name, at::IntArrayRef shape) {
    checkpoint.tensors["visual." + name] = random(shape);
  };
  const auto pair = [&](const std::string& name, at::IntArrayRef shape) {
    add(name + ".weight", shape);
    add(name + ".bias", {shape[0]});
  };
  add("conv1.weight", {kWidth, 3, kPatch, kPatch});
  add("class_embedding", {kWidth});
  add("positional_embedding", {1 + (kResolution / kPatch) * (kResolution / kPatch), kWidth});
  add("proj", {kWidth, kEmbedding});
  pair("ln_pre", {kWidth});
  pair("ln_post", {kWidth});
  for (int64_t i = 0; i < kLayers; ++i) {
    const std::string block = fmt::format("transformer.resblocks.{}.", i);
    pair(block + "ln_1", {kWidth});
    pair(block + "ln_2", {kWidth});
    add(block + "attn.in_proj_weight", {3 * kWidth, kWidth});
    add(block + "attn.in_proj_bias", {3 * kWidth});
    pair(block + "attn.out_proj", {kWidth, kWidth});
    pair(block + "mlp.c_fc", {4 * kWidth, kWidth});
    pair(block + "mlp.c_proj", {kWidth, 4 * kWidth});
  }
  return checkpoint;
}

const Checkpoint& checkpoint() {
  static const Checkpoint weights = random_image_tower();
  return weights;
}

Tensor plain_encode(const Tensor& pixels) {
  const auto& weights = checkpoint();
  const Tensor patches =
      at::conv2d(pixels, weights.at("visual.conv1.weight"), {}, kPatch).flatten(2).transpose(1, 2);
  const Tensor first = weights.at("visual.class_embedding").expand({pixels.size(0), 1, kWidth});
  const test::PlainTransformer transformer(weights, "visual.transformer", kHeads);
  const Tensor x = at::cat({first, patches}, 1) + weights.at("visual.positional_embedding");
  const Tensor out = transformer.run(transformer.norm(x, "visual.ln_pre"), at::zeros({x.size(1), x.size(1)}));
  return at::matmul(transformer.norm(out.select(1, 0), "visual.ln_post"), weights.at("visual.proj"));
}

void one_view(benchmark::State& state, Precision precision) {
  const auto encoder = make_image_encoder(checkpoint(), {torch::kCPU, precision});
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
  plain_encode(pixels);  // not counted: it allocates
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(plain_encode(pixels));
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() /
                           kBaselineBatch);
  }
}

BENCHMARK(image_f32)->Iterations(3)->Repetitions(5)->Unit(benchmark::kMillisecond);
BENCHMARK(image_bf16)->Iterations(1)->Repetitions(3)->Unit(benchmark::kMillisecond);
BENCHMARK(reference_image)->Iterations(1)->Repetitions(5)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace promptbed::bench
