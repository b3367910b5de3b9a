// Runs the benchmarks on one thread and compares each with its baseline. Takes the options of Google
// Benchmark, such as --benchmark_filter=coop and --benchmark_out=FILE, and --device=cuda for those on a GPU.
// With --processor it only names the one that it is on.
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/blas.h"
#include "base/machine.h"
#include "clip/towers/placement.h"
#include "comparison.h"
#include "device_bench.h"
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

/// The device of --device=D as the only option that Google Benchmark has left over.
std::optional<torch::Device> device_in(int count, char** words) {
  constexpr std::string_view kOption = "--device=";
  if (count != 2 || !std::string_view(words[1]).starts_with(kOption)) return std::nullopt;
  return promptbed::parse_device(std::string_view(words[1]).substr(kOption.size()), "--device");
}

/// Runs what was asked for, and compares it.
int run(int count, char** words) {
  if (count == 2 && std::string_view(words[1]) == "--processor") {
    fmt::print("{}\n", promptbed::processor_name());
    return 0;
  }
  benchmark::Initialize(&count, words);
  benchmark::AddCustomContext("processor", promptbed::processor_name());
  if (const auto device = device_in(count, words)) {
    promptbed::bench::register_device_benchmarks(*device);
  } else {
    if (benchmark::ReportUnrecognizedArguments(count, words)) return 2;
    promptbed::bench::register_method_steps();
  }
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  const promptbed::Table compared = promptbed::bench::compare(collector.measured());
  if (!compared.rows.empty()) fmt::print("\n{}", promptbed::render_text(compared, {.width = 140}));
  const promptbed::Table steps = promptbed::bench::method_steps_table(collector.measured());
  if (!steps.rows.empty()) fmt::print("\n{}", promptbed::render_markdown(steps));
  return 0;
}

}  // namespace

int main(int count, char** words) {
  promptbed::restart_with_suitable_kernels(words);
  promptbed::keep_freed_memory();
  at::set_num_threads(1);
  if (const auto work = promptbed::bench::memory_work(count, words)) return promptbed::bench::do_work(*work);
  try {
    return run(count, words);
  } catch (const promptbed::Error& fault) {
    fmt::print(stderr, "promptbed_bench: {}\n", fault.what());
    return 2;
  }
}
