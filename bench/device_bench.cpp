#include "device_bench.h"

#include <ATen/ATen.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <torch/cuda.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "bound_method.h"
#include "clip/towers/arithmetic.h"
#include "clip/towers/image_tower.h"
#include "clip/towers/random_towers.h"
#include "clip/towers/text_transformer.h"
#include "features/view_batches.h"
#include "reference_towers.h"
#include "support/plain_image_tower.h"

namespace promptbed::bench {
namespace {

constexpr const char* kArchitecture = "ViT-B/16";
constexpr int64_t kClasses = 50;
constexpr int64_t kBatch = 32;      // images of a CoOp step
constexpr int64_t kTestImages = 4;  // of CoCoOp at once
constexpr int kRepetitions = 5;

/// Weights in f32 on the CPU, from which towers are made on the device.
struct Towers {
  Checkpoint text, image;
};

Checkpoint moved(Checkpoint weights, torch::Device device, torch::ScalarType type) {
  for (auto& [name, tensor] : weights.tensors) tensor = tensor.to(device, type);
  return weights;
}

/// Kept from one benchmark to the next: random weights of a large tower take longer to draw than a step.
const Towers& towers(torch::Device device) {
  static const Towers made =
      device.is_cuda()
          ? Towers{random_text_tower(text_tower_sizes(kArchitecture)),
                   random_image_tower(*image_tower_sizes(kArchitecture))}
          : Towers{random_text_tower({.context_length = 24, .vocabulary = 100}), random_image_tower()};
  return made;
}

/// A step with so many images, which returns when the device is done.
void step(BoundMethod& method, int64_t images) {
  method.step(first_rows(method.task, images)).item<float>();
}

/// The same of a test.
void test_images(BoundMethod& method, int64_t images) {
  method.test(first_rows(method.task, images)).sum().item<float>();
}

/// Seconds of `work`, for one of so many parts.
void measure(benchmark::State& state, const std::function<void()>& work, int64_t parts = 1) {
  for (int i = 0; i < 3; ++i) work();  // the first ones choose kernels and allocate
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    work();
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() /
                           static_cast<double>(parts));
  }
}

using Body = std::function<void(benchmark::State&)>;

void add(const std::string& name, int iterations, Body body) {
  benchmark::RegisterBenchmark(("device/" + name).c_str(), std::move(body))
      ->Iterations(iterations)
      ->Repetitions(kRepetitions)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

void add_ours(torch::Device device, Precision precision) {
  const std::string suffix = fmt::format("_{}", to_string(precision));
  const Placement placement{device, precision};
  const auto bound = [placement](const char* method, bool repeated) {
    return BoundMethod(method, std::make_shared<TextTransformer>(towers(placement.device).text, placement),
                       kClasses, placement.device, repeated);
  };
  const auto add_step = [&](const char* method, int64_t images, bool repeated) {
    const std::string name = fmt::format("{}_{}{}", method, repeated ? "step" : "computed_step", suffix);
    add(name, 50, [=](benchmark::State& state) {
      BoundMethod learner = bound(method, repeated);
      measure(state, [&] { step(learner, images); });
    });
  };
  for (const bool repeated : {true, false}) {
    add_step("cocoop", 1, repeated);
    add_step("coop", kBatch, repeated);
  }
  add("cocoop_test" + suffix, 20, [=](benchmark::State& state) {
    BoundMethod learner = bound("cocoop", /*repeated=*/false);
    measure(
        state, [&] { test_images(learner, kTestImages); }, kTestImages);
  });
  add("image" + suffix, 20, [=](benchmark::State& state) {
    const auto encoder = make_image_encoder(towers(device).image, {device, precision, false});
    const int64_t side = encoder->resolution();
    const Tensor pixels = at::randn({kViewsAtOnce, 3, side, side}).to(device);
    const at::NoGradGuard no_gradients;
    measure(
        state, [&] { encoder->encode(pixels).cpu(); }, kViewsAtOnce);
  });
}

/// The reference encodes its images anew in every step.
void add_reference(torch::Device device, torch::ScalarType type) {
  const std::string suffix = type == torch::kHalf ? "_f16" : "_f32";
  const auto text = [=] { return moved(towers(device).text, device, type); };
  const auto pixels = [=](int64_t images) {
    const int64_t side = image_resolution(towers(device).image);
    return at::randn({images, 3, side, side}).to(device, type);
  };
  const auto encode = [](const Checkpoint& weights, const Tensor& images) {
    const at::NoGradGuard no_gradients;
    return test::plain_image_features(weights, images);
  };
  add("reference_step" + suffix, 5, [=](benchmark::State& state) {
    const Checkpoint weights = text();
    BoundMethod learner("cocoop", std::make_shared<ReferenceTextEncoder>(weights), kClasses, device,
                        /*repeated=*/false);
    measure(state, [&] { step(learner, 1); });
  });
  add("reference_coop_step" + suffix, 5, [=](benchmark::State& state) {
    const Checkpoint weights = text(), image_weights = moved(towers(device).image, device, type);
    BoundMethod learner("coop", std::make_shared<ReferenceTextEncoder>(weights), kClasses, device,
                        /*repeated=*/false);
    const Tensor images = pixels(kBatch);
    measure(state, [&] {
      encode(image_weights, images);
      step(learner, kBatch);
    });
  });
  add("reference_test" + suffix, 5, [=](benchmark::State& state) {
    const Checkpoint weights = text();
    BoundMethod learner("cocoop", std::make_shared<ReferenceTextEncoder>(weights), kClasses, device,
                        /*repeated=*/false);
    measure(state, [&] { test_images(learner, 1); });
  });
  add("reference_image" + suffix, 5, [=](benchmark::State& state) {
    const Checkpoint weights = moved(towers(device).image, device, type);
    const Tensor images = pixels(kViewsAtOnce);
    measure(
        state, [&] { encode(weights, images).cpu(); }, kViewsAtOnce);
  });
}

}  // namespace

void register_device_benchmarks(torch::Device device) {
  if (device.is_cuda()) check_gpu(device, static_cast<int64_t>(torch::cuda::device_count()), "--device");
  settle_arithmetic({.device = device});
  benchmark::ClearRegisteredBenchmarks();
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::f16})
    add_ours(device, precision);
  add_reference(device, torch::kFloat);
  if (device.is_cuda()) add_reference(device, torch::kHalf);  // the CPU has no products in f16
}

}  // namespace promptbed::bench
