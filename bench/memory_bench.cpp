// Peak memory (VmHWM) of a process that loads ViT-B/16 from safetensors and trains and tests CoCoOp on cached
// features. The weights are random; a model's memory does not depend on them.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "base/installation.h"
#include "clip/model.h"
#include "clip/towers/random_towers.h"
#include "clip/towers/text_transformer.h"
#include "data/suites/suite.h"
#include "huggingface_folder.h"
#include "made_task.h"
#include "methods/method_registry.h"
#include "peak_memory.h"
#include "support/scratch.h"
#include "training/optimiser.h"
#include "training/step_gradients.h"

namespace promptbed::bench {
namespace {

constexpr const char* kWord = "--peak-memory";

/// So many merges: the embedded model's, and more that join two letters in ways that they do not.
Merges made_merges(size_t count) {
  Merges merges = read_merges(read_suite(datasets_folder(), "pocket").model);
  const size_t known = merges.size();
  for (size_t i = 0; merges.size() < count; ++i) {
    merges.emplace_back(merges[i / known].first + merges[i / known].second,
                        merges[i % known].first + merges[i % known].second);
  }
  return merges;
}

/// ViT-B/16 in the Hugging Face layout.
const std::filesystem::path& model_folder() {
  static const test::ScratchFolder scratch;
  static const bool written = [] {
    const TextTowerSizes sizes = text_tower_sizes("ViT-B/16");
    Checkpoint checkpoint = random_text_tower(sizes);
    const Checkpoint image_tower = random_image_tower(*image_tower_sizes("ViT-B/16"));
    checkpoint.tensors.insert(image_tower.tensors.begin(), image_tower.tensors.end());
    checkpoint.vision_heads = image_tower.vision_heads;
    checkpoint.tensors["logit_scale"] = torch::tensor(4.6052F);
    const auto merges = static_cast<size_t>(sizes.vocabulary) - 2 * 256 - 2;
    pocket::write_huggingface_folder(scratch.path(), checkpoint, {}, made_merges(merges));
    return true;
  }();
  (void)written;
  return scratch.path();
}

/// The most memory that this process has had since it began. (getrusage() also counts what its parent had.)
std::string high_water_mark() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return line.substr(line.find_first_of("0123456789"));
  }
  throw std::runtime_error("/proc/self/status tells no VmHWM");
}

/// Runs this program for the work -> bytes, as it tells them.
double peak_of(const MemoryWork& work) {
  const std::string command =
      fmt::format("'{}' {} '{}' {} {}", std::filesystem::read_symlink("/proc/self/exe").string(), kWord,
                  work.model, work.precision, work.classes);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> output(::popen(command.c_str(), "r"), ::pclose);
  double kilobytes = 0;
  if (output == nullptr || std::fscanf(output.get(), "%lf", &kilobytes) != 1)
    throw std::runtime_error("the process whose memory is measured failed");
  return kilobytes * 1024;
}

void peak(benchmark::State& state, int classes, const char* precision) {
  const std::string model = model_folder().string();
  for (auto _ : state) state.counters[kPeakMemory] = peak_of({model, precision, classes});
}

void memory_50_f32(benchmark::State& state) {
  peak(state, 50, "f32");
}
void memory_50_bf16(benchmark::State& state) {
  peak(state, 50, "bf16");
}
void memory_1000_f32(benchmark::State& state) {
  peak(state, 1000, "f32");
}

BENCHMARK(memory_50_f32)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK(memory_50_bf16)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK(memory_1000_f32)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace

std::optional<MemoryWork> memory_work(int count, char** words) {
  if (count != 5 || std::string(words[1]) != kWord) return std::nullopt;
  return MemoryWork{words[2], words[3], std::stoi(words[4])};
}

int do_work(const MemoryWork& work) {
  const ClipModel model = ClipModel::load(work.model);
  const Placement placement{torch::kCPU, work.precision == "bf16" ? Precision::bf16 : Precision::f32};
  Task task = made_task(std::make_shared<TextTransformer>(model.checkpoint(), placement), work.classes);
  const MethodRegistry registry(plugin_folders({}));
  const Method& cocoop = registry.at("cocoop");
  const auto learner = registry.create(cocoop, cocoop.default_options());
  learner->resolve(task);
  learner->bind(task);
  StepGradients gradients(*learner, 1);
  Optimiser optimiser(learner->trainable(), learner->recipe(task));
  for (int64_t epoch = 0; epoch < 2; ++epoch) {
    optimiser.start_epoch(epoch);
    gradients.compute(first_rows(task, 1));
    optimiser.step();
  }
  const at::NoGradGuard no_gradients;
  learner->logits(first_rows(task, 4));
  fmt::print("{}\n", high_water_mark());
  return 0;
}

}  // namespace promptbed::bench
