// Runs the benchmarks, one thread, and sets each beside what it is compared with. What Google Benchmark takes
// it takes:
// --benchmark_filter=coop, --benchmark_out=FILE.
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "comparison.h"
#include "results/render_text.h"

namespace {

/// Prints what Google Benchmark prints, and remembers the times.
class Collector final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.run_type == Run::RT_Iteration && run.iterations > 0)
        seconds_[run.run_name.function_name].push_back(run.real_accumulated_time /
                                                       static_cast<double>(run.iterations));
    }
  }
  const std::map<std::string, std::vector<double>>& seconds() const { return seconds_; }

 private:
  std::map<std::string, std::vector<double>> seconds_;
};

}  // namespace

int main(int count, char** words) {
  benchmark::Initialize(&count, words);
  if (benchmark::ReportUnrecognizedArguments(count, words)) return 2;
  at::set_num_threads(1);
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  fmt::print("\n{}", promptbed::render_text(promptbed::bench::compare(collector.seconds()), /*width=*/140));
}
