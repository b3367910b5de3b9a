// Opening a file of 50,000 cached features of width 512 in f16 and reading them, verified, against one pass
// of the checksum over as many bytes in memory.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "base/hash.h"
#include "features/feature_file.h"
#include "support/scratch.h"

namespace promptbed::bench {
namespace {

constexpr int64_t kImages = 50'000;
constexpr int64_t kWidth = 512;

Tensor made_features() {
  return at::randn({kImages, kWidth}).to(torch::kFloat16);
}

void read_features(benchmark::State& state) {
  const test::ScratchFolder scratch;
  CacheKey key;
  key.model = "made";
  key.dataset = "imagenet";
  key.stored = StoredType::f16;
  key.width = kWidth;
  FeatureTable table;
  table.features = made_features();
  for (int64_t i = 0; i < kImages; ++i)
    table.rows.push_back(
        {"val/n0" + std::to_string(1'440'000 + i / 50) + "/" + std::to_string(i) + ".JPEG", -1, {i, i}});
  write_feature_file(scratch / "features.h5", key, table);
  for (auto _ : state) benchmark::DoNotOptimize(FeatureFile(scratch / "features.h5", key).features());
}

void checksum_pass(benchmark::State& state) {
  const Tensor features = made_features();
  const std::span bytes(static_cast<const std::byte*>(features.data_ptr()), features.nbytes());
  for (auto _ : state) benchmark::DoNotOptimize(Hasher().add(bytes).low64());
}

BENCHMARK(read_features)->Iterations(5)->Repetitions(5)->Unit(benchmark::kMillisecond);
BENCHMARK(checksum_pass)->Iterations(5)->Repetitions(5)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace promptbed::bench
