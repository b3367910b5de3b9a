#include "sweep/shard.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "sweep/deal_out.h"

namespace promptbed {
namespace {

constexpr int64_t kMostShards = 100'000;

std::optional<int64_t> number_in(std::string_view text) {
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

int64_t of_environment(const char* variable) {
  const char* const text = std::getenv(variable);
  const auto number = text == nullptr ? std::nullopt : number_in(text);
  if (!number)
    throw Error(fmt::format("--shard slurm: {} is {}; sbatch --array sets it, or give --shard 2/4", variable,
                            text == nullptr ? "not set" : fmt::format("\"{}\"", text)));
  return *number;
}

/// The place of this task in its array, whatever the array's first index and step are.
Shard shard_of_array() {
  const int64_t task = of_environment("SLURM_ARRAY_TASK_ID"), first = of_environment("SLURM_ARRAY_TASK_MIN"),
                last = of_environment("SLURM_ARRAY_TASK_MAX"),
                count = of_environment("SLURM_ARRAY_TASK_COUNT");
  const int64_t step = count > 1 ? (last - first) / (count - 1) : 1;
  if (count == 1) {
    throw Error(
        fmt::format("--shard slurm: task {} is the only one of its array; if it was submitted again, say of "
                    "how many: --shard slurm/8",
                    task));
  }
  if (count < 1 || step < 1 || (task - first) % step != 0 || first + step * (count - 1) != last) {
    throw Error(
        fmt::format("--shard slurm: an array of {} tasks from {} to {} has gaps; give it as "
                    "--array=1-{}, or --shard 2/4",
                    count, first, last, count));
  }
  return {(task - first) / step + 1, count};
}

/// About how many images a run shows its method, in training and in its tests. Of the grid and the splits
/// alone: where a run's images or prompts are at fault, on one machine perhaps, its recipe is not known, and
/// whatever depends on that would deal the runs out in another way there.
int64_t cost_of(const PlannedRun& run) {
  constexpr int64_t kUsualEpochs = 50;
  int64_t images = kUsualEpochs * run.job.run.shots * static_cast<int64_t>(run.job.data->class_names.size());
  for (const JobTest& test : *run.tests) {
    if (test.dataset == run.dataset->spec.id) images += static_cast<int64_t>(run.dataset->split.test.size());
  }
  return images;
}

}  // namespace

Shard parse_shard(const std::string& text) {
  if (text == "slurm") return shard_of_array();
  const size_t slash = text.find('/');
  const std::string part = text.substr(0, slash),
                    whole = slash == std::string::npos ? "" : text.substr(slash + 1);
  const int64_t count = number_in(whole).value_or(0);
  const int64_t number =
      part == "slurm" ? of_environment("SLURM_ARRAY_TASK_ID") : number_in(part).value_or(0);
  const bool is_number = count >= 1 && count <= kMostShards;
  if (is_number && part == "slurm" && (number < 1 || number > count)) {
    throw Error(fmt::format(
        "--shard {}: SLURM_ARRAY_TASK_ID is {}, which is none of 1 to {}; submit it with --array=1-{}", text,
        number, count, count));
  }
  if (!is_number || number < 1 || number > count)
    throw Error(fmt::format("--shard {}: give a part of the whole, such as 2/4 or slurm/4, of {} at most",
                            text, kMostShards));
  return {number, count};
}

std::filesystem::path shard_ledger(const std::filesystem::path& ledger, const Shard& shard) {
  std::filesystem::path path = ledger;
  return path.replace_filename(fmt::format("{}.shard-{}-of-{}{}", ledger.stem().string(), shard.number,
                                           shard.count, ledger.extension().string()));
}

void keep_shard(Plan& plan, const Shard& shard) {
  std::map<std::string, std::vector<size_t>> of_methods;  // places in the plan
  for (size_t i = 0; i < plan.runs.size(); ++i) of_methods[plan.runs[i].method->name()].push_back(i);
  const auto count = static_cast<size_t>(shard.count);
  std::set<size_t> kept;
  size_t start = 0;  // so that methods with fewer runs than shards do not all go to the first ones
  for (const auto& [method, places] : of_methods) {
    std::vector<int64_t> costs;
    for (const size_t place : places) costs.push_back(cost_of(plan.runs[place]) + 1);
    const std::vector<size_t> part_of = deal_out(costs, count);
    for (size_t i = 0; i < places.size(); ++i) {
      if ((part_of[i] + start) % count + 1 == static_cast<size_t>(shard.number)) kept.insert(places[i]);
    }
    start += places.size();
  }
  std::vector<PlannedRun> runs;
  for (const size_t place : kept) runs.push_back(std::move(plan.runs[place]));
  plan.runs = std::move(runs);
}

void keep_runs(Plan& plan, const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    if (std::ranges::none_of(plan.runs, [&](const PlannedRun& run) { return run.id.starts_with(id); }))
      throw Error(fmt::format("--runs {}: is no run of this sweep; --list-jobs prints them", id));
  }
  std::erase_if(plan.runs, [&](const PlannedRun& run) {
    return std::ranges::none_of(ids, [&](const std::string& id) { return run.id.starts_with(id); });
  });
}

}  // namespace promptbed
