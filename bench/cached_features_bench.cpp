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

/// A file of such features in a folder of its own.
struct MadeFile {
  MadeFile() {
    key.model = "made";
    key.dataset = "imagenet";
    key.stored = StoredType::f16;
    key.width = kWidth;
    FeatureTable table;
    table.features = made_features();
    for (int64_t i = 0; i < kImages; ++i)
      table.rows.push_back({"val/n0" + std::to_string(1'440'000 + i / 50) + "/" + std::to_string(i) + ".JPEG",
                            kCentreView, static_cast<uint64_t>(i)});
    write_feature_file(scratch / "features.h5", key, table);
  }
  FeatureFile open() const { return FeatureFile(scratch / "features.h5", key); }

  test::ScratchFolder scratch;
  CacheKey key;
};

void read_features(benchmark::State& state) {
  const MadeFile file;
  for (auto _ : state) benchmark::DoNotOptimize(file.open().features());
}

/// The key and the rows alone: paths, views and stamps.
void read_rows(benchmark::State& state) {
  const MadeFile file;
  for (auto _ : state) benchmark::DoNotOptimize(file.open().rows().data());
}

void checksum_pass(benchmark::State& state) {
  const Tensor features = made_features();
  const std::span bytes(static_cast<const std::byte*>(features.data_ptr()), features.nbytes());
  for (auto _ : state) benchmark::DoNotOptimize(Hasher().add(bytes).low64());
}

BENCHMARK(read_features)->Iterations(5)->Repetitions(5)->Unit(benchmark::kMillisecond);
BENCHMARK(read_rows)->Iterations(5)->Repetitions(5)->Unit(benchmark::kMillisecond);
BENCHMARK(checksum_pass)->Iterations(5)->Repetitions(5)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace promptbed::bench
