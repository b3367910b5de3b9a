// Runs the benchmarks on one thread and compares each with its baseline. Takes the options of Google
// Benchmark, such as
// --benchmark_filter=coop and --benchmark_out=FILE.
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "base/machine.h"
#include "comparison.h"
#include "method_steps.h"
#include "peak_memory.h"
#include "table/render.h"

namespace {

using promptbed::bench::kPeakMemory;

/// Prints what Google Benchmark prints, and remembers times and peaks.
class Collector final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.iterations == 0) continue;
      const auto peak = run.counters.find(kPeakMemory);
      measured_[run.run_name.function_name].push_back(
          peak != run.counters.end() ? peak->second.value
                                     : run.real_accumulated_time / static_cast<double>(run.iterations));
    }
  }
  const std::map<std::string, std::vector<double>>& measured() const { return measured_; }

 private:
  std::map<std::string, std::vector<double>> measured_;
};

}  // namespace

int main(int count, char** words) {
  promptbed::keep_freed_memory();
  at::set_num_threads(1);
  if (const auto work = promptbed::bench::memory_work(count, words)) return promptbed::bench::do_work(*work);
  benchmark::Initialize(&count, words);
  if (benchmark::ReportUnrecognizedArguments(count, words)) return 2;
  promptbed::bench::register_method_steps();
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  const promptbed::Table compared = promptbed::bench::compare(collector.measured());
  if (!compared.rows.empty()) fmt::print("\n{}", promptbed::render_text(compared, {.width = 140}));
  const promptbed::Table steps = promptbed::bench::method_steps_table(collector.measured());
  if (!steps.rows.empty()) fmt::print("\n{}", promptbed::render_markdown(steps));
}
