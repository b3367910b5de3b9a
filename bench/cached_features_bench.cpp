// Features that are cached already, of width 512 in f16: reading all of 50,000 images, verified, against one
// pass of the checksum over as many bytes in memory; and opening those of ImageNet's training images, and
// reading 16 shots.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/hash.h"
#include "features/feature_cache.h"
#include "support/scratch.h"

namespace promptbed::bench {
namespace {

constexpr int64_t kTested = 50'000, kTrained = 1'281'167;  // ImageNet's images
constexpr int64_t kClasses = 1000, kShots = 16;
constexpr int64_t kWidth = 512;

std::string path_of(int64_t image) {
  return fmt::format("n0{}/{}.JPEG", 1'440'000 + image % kClasses, image);
}

/// A file of features in a folder of its own. The images have the same feature, which takes no time to draw.
struct MadeFile {
  explicit MadeFile(int64_t images) {
    key.model = "made";
    key.dataset = "imagenet";
    key.stored = StoredType::f16;
    key.width = kWidth;
    FeatureTable table;
    table.features = at::randn({1, kWidth}).to(torch::kFloat16).expand({images, kWidth});
    for (int64_t i = 0; i < images; ++i)
      table.rows.push_back({path_of(i), kCentreView, static_cast<uint64_t>(i) + 1});
    write_feature_file(path(), key, table);
  }
  std::filesystem::path path() const { return scratch / "features.h5"; }
  FeatureFile open() const { return FeatureFile(path(), key); }

  test::ScratchFolder scratch;
  CacheKey key;
};

void read_features(benchmark::State& state) {
  const MadeFile file(kTested);
  for (auto _ : state) benchmark::DoNotOptimize(file.open().features());
}

/// The key and the rows alone: paths, views and stamps.
void read_rows(benchmark::State& state) {
  const MadeFile file(kTested);
  for (auto _ : state) benchmark::DoNotOptimize(file.open().rows().data());
}

void checksum_pass(benchmark::State& state) {
  const Tensor features = at::randn({kTested, kWidth}).to(torch::kFloat16);
  const std::span bytes(static_cast<const std::byte*>(features.data_ptr()), features.nbytes());
  for (auto _ : state) benchmark::DoNotOptimize(Hasher().add(bytes).low64());
}

const MadeFile& trained_images() {
  static const MadeFile file(kTrained);
  return file;
}

void open_imagenet(benchmark::State& state) {
  const MadeFile& file = trained_images();
  for (auto _ : state) benchmark::DoNotOptimize(FeatureCache(file.path(), file.key).sealed());
}

void read_imagenet_shots(benchmark::State& state) {
  const MadeFile& file = trained_images();
  std::vector<std::string> drawn;
  for (int64_t i = 0; i < kClasses * kShots; ++i)
    drawn.push_back(path_of(i * (kTrained / kClasses / kShots)));
  const std::vector<int> views = {kCentreView};
  for (auto _ : state) benchmark::DoNotOptimize(FeatureCache(file.path(), file.key).read(drawn, views));
}

BENCHMARK(read_features)->Iterations(5)->Repetitions(5)->Unit(benchmark::kMillisecond);
BENCHMARK(read_rows)->Iterations(5)->Repetitions(5)->Unit(benchmark::kMillisecond);
BENCHMARK(checksum_pass)->Iterations(5)->Repetitions(5)->Unit(benchmark::kMillisecond);
BENCHMARK(open_imagenet)->Iterations(1)->Repetitions(5)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(read_imagenet_shots)->Iterations(1)->Repetitions(5)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace promptbed::bench
