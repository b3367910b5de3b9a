// The whole sweep of the embedded suite by the command that users type: four methods, eleven datasets, three
// seeds, features cached, a job a core.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>

#include "base/installation.h"
#include "support/runner.h"
#include "support/scratch.h"

namespace promptbed::bench {
namespace {

void pocket_sweep(benchmark::State& state) {
  for (auto _ : state) {
    const test::ScratchFolder scratch;
    const test::Finished sweep =
        test::run_runner(scratch.path(), {},
                         {"sweep", "--methods", "clip_zeroshot,coop,cocoop,coop_ctx60", "--seeds", "1,2,3"});
    if (sweep.code != 0) throw std::runtime_error(sweep.err);
  }
}

BENCHMARK(pocket_sweep)->Iterations(1)->UseRealTime()->Unit(benchmark::kSecond);

}  // namespace
}  // namespace promptbed::bench
