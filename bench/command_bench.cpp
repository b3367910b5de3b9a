// Commands as users type them: those that need no model, and the whole sweep of the embedded suite.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "results/ledger.h"
#include "results/sample_runs.h"
#include "support/runner.h"
#include "support/scratch.h"

namespace promptbed::bench {
namespace {

/// Runs `runner` in a folder, until it ends.
void run(const test::ScratchFolder& folder, const std::vector<std::string>& words) {
  const test::Finished command = test::run_runner(folder.path(), {}, words);
  if (command.code != 0) throw std::runtime_error(command.err);
}

void start_help(benchmark::State& state) {
  const test::ScratchFolder scratch;
  for (auto _ : state) run(scratch, {"--help"});
}

/// On a ledger of CoOp on eleven datasets, three seeds.
void start_report(benchmark::State& state) {
  const test::ScratchFolder scratch;
  Ledger ledger(scratch / "ledger.db");
  for (int dataset = 0; dataset < 11; ++dataset) {
    for (int64_t seed = 1; seed <= 3; ++seed)
      test::record(ledger, test::sample_spec(fmt::format("dataset_{}", dataset), seed), 80, 70);
  }
  for (auto _ : state) run(scratch, {"report", "--db", "ledger.db"});
}

/// Four methods, eleven datasets, three seeds, features cached, a job a core.
void pocket_sweep(benchmark::State& state) {
  for (auto _ : state) {
    const test::ScratchFolder scratch;
    run(scratch, {"sweep", "--methods", "clip_zeroshot,coop,cocoop,coop_ctx60", "--seeds", "1,2,3"});
  }
}

BENCHMARK(start_help)->Iterations(10)->Repetitions(5)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(start_report)->Iterations(10)->Repetitions(5)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(pocket_sweep)->Iterations(1)->UseRealTime()->Unit(benchmark::kSecond);

}  // namespace
}  // namespace promptbed::bench
