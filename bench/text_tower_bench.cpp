// One training step through the text tower, forward and backward to the context: the shared-prefix form
// against the plain tower that pads every prompt to 77 tokens. Sizes of ViT-B/16's text tower, random
// weights, one thread.
//
//     cmake --build --preset release --target text_tower_bench && build/release/text_tower_bench
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>

#include "clip/text_transformer.h"
#include "support/plain_text_tower.h"
#include "support/random_text_tower.h"

namespace promptbed {
namespace {

constexpr test::TextTowerSizes kViTB16 = {
    .width = 512, .heads = 8, .layers = 12, .context_length = 77, .vocabulary = 100, .embedding = 512};
constexpr int64_t kContextTokens = 4;

const Checkpoint& checkpoint() {
  static const Checkpoint weights = test::random_text_tower(kViTB16);
  return weights;
}

/// K classes of one to four name tokens, then "." and EOS.
PromptBatch make_prompts(int64_t classes) {
  PromptBatch prompts;
  int64_t tokens = 0;
  for (int64_t k = 0; k < classes; ++k) prompts.suffix_lengths.push_back(3 + k % 4);
  for (const int64_t length : prompts.suffix_lengths) tokens += length;
  prompts.prefix = at::randn({1, 1 + kContextTokens, kViTB16.width}).requires_grad_();
  prompts.suffix = at::randn({tokens, kViTB16.width});
  return prompts;
}

template <class Tower>
void step(benchmark::State& state, const Tower& tower) {
  at::set_num_threads(1);
  PromptBatch prompts = make_prompts(state.range(0));
  for (auto _ : state) {
    prompts.prefix.mutable_grad() = Tensor();
    tower.encode(prompts).sum().backward();
  }
}

void shared_prefix(benchmark::State& state) {
  static const TextTransformer tower(checkpoint(), {});
  step(state, tower);
}

void plain(benchmark::State& state) {
  static const test::PlainTextTower tower(checkpoint());
  step(state, tower);
}

BENCHMARK(shared_prefix)->Arg(10)->Arg(50)->Unit(benchmark::kMillisecond);
BENCHMARK(plain)->Arg(10)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace promptbed

BENCHMARK_MAIN();
