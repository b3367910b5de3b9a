#include "sweep/plan_warnings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/blas.h"
#include "sweep/diagnosis.h"
#include "sweep/image_identity.h"
#include "table/table.h"
#include "training/schedule.h"

namespace promptbed {
namespace {

using Lines = std::vector<std::string>;

constexpr int64_t kFewSteps = 5;  // an epoch of fewer hardly trains

/// For each method, finished runs that were made by another plugin file of the same version.
Lines about_plugins(const std::vector<PlannedRun>& runs, const KnownRuns& known,
                    const MethodRegistry& registry) {
  std::map<std::string, int64_t> runs_of;
  for (const PlannedRun& run : runs) {
    const RunRecord* record = known.find(run.id);
    if (record != nullptr && record->status == RunStatus::done && run.done() &&
        record->plugin_hash != registry.code_hash(*run.method, run.job.run.options))
      ++runs_of[run.method->name()];
  }
  Lines lines;
  for (const auto& [method, count] : runs_of) {
    lines.push_back(
        fmt::format("{}: {} {} made by another build of its plugin with the same version; raise the method's "
                    "version, or repeat with --force",
                    method, plural(static_cast<size_t>(count), "finished run"), count == 1 ? "was" : "were"));
  }
  return lines;
}

/// Runs that keep their scores, since the prompts that could be measured are gone.
Lines about_measures(const std::vector<PlannedRun>& runs) {
  const auto count = std::ranges::count_if(runs, &PlannedRun::keeps_scores);
  if (count == 0) return {};
  return {
      fmt::format("no further measures of {} whose prompts are gone: the scores stay; --force trains again",
                  plural(static_cast<size_t>(count), "run"))};
}

/// Runs whose training is over, so that nothing can be tracked in it any more.
Lines about_tracking(const std::vector<PlannedRun>& runs) {
  const auto count = std::ranges::count_if(runs, &PlannedRun::lacks_tracking);
  if (count == 0) return {};
  return {fmt::format("--track-new: {} trained before without it; --force trains again",
                      count == 1 ? "1 run was" : fmt::format("{} runs were", count))};
}

/// Steps of an epoch; nothing for a run that the host does not train, or trains by a budget of steps, which
/// is the same however many make an epoch.
std::optional<int64_t> steps_an_epoch(const PlannedRun& run) {
  if (run.done() || run.job.kept_state || !run.job.run.recipe) return std::nullopt;
  if (run.job.run.recipe->iterations > 0) return std::nullopt;
  return steps_of_epoch(static_cast<int64_t>(run.job.data->draw.train.size()), *run.job.run.recipe);
}

/// In one line, the shortest epoch of each method that has epochs of few steps.
Lines about_epochs(const std::vector<PlannedRun>& runs) {
  std::map<std::string, std::pair<int64_t, std::string>> shortest;  // method -> steps, dataset
  for (const PlannedRun& run : runs) {
    const std::optional<int64_t> steps = steps_an_epoch(run);
    if (!steps || *steps >= kFewSteps) continue;
    const auto [known, is_new] = shortest.try_emplace(run.method->name(), *steps, run.dataset->spec.id);
    if (!is_new && *steps < known->second.first) known->second = {*steps, run.dataset->spec.id};
  }
  if (shortest.empty()) return {};
  Lines epochs;
  for (const auto& [method, found] : shortest)
    epochs.push_back(fmt::format("{} {} on {}", method, found.first, found.second));
  return {fmt::format("fewer than {} steps in an epoch: {}; a smaller --batch-size makes more", kFewSteps,
                      fmt::join(epochs, ", "))};
}

/// The methods that have no use for what is asked of their recipes, since they solve for what they learn.
Lines about_solvers(const std::vector<PlannedRun>& runs, const SweepSpec& spec) {
  std::vector<const char*> given;
  if (spec.epochs) given.push_back("--epochs");
  if (spec.batch_size) given.push_back("--batch-size");
  if (spec.learning_rate) given.push_back("--lr");
  std::set<std::string> solvers;
  for (const PlannedRun& run : runs) {
    if (run.method->trainable() && run.method->has_own_solver() && !run.done())
      solvers.insert(run.method->name());
  }
  if (given.empty() || solvers.empty()) return {};
  return {fmt::format("{}: of no use to {}, trained without steps", fmt::join(given, ", "),
                      fmt::join(solvers, ", "))};
}

/// The methods that would train in warm-up alone, a line each.
Lines about_warmup(const std::vector<PlannedRun>& runs) {
  std::map<std::string, std::string> warnings;  // of each method
  for (const PlannedRun& run : runs) {
    if (!steps_an_epoch(run)) continue;
    const Recipe& recipe = *run.job.run.recipe;
    if (recipe.warmup_epochs < recipe.epochs) continue;
    const std::string which =
        recipe.epochs == 1 ? "its only epoch is" : fmt::format("all of its {} epochs are", recipe.epochs);
    warnings.try_emplace(
        run.method->name(),
        fmt::format("{}: {} warm-up, at a learning rate of {}; give --epochs {} or more", run.method->name(),
                    which, recipe.warmup_learning_rate, recipe.warmup_epochs + 1));
  }
  Lines lines;
  for (auto& [method, warning] : warnings) lines.push_back(std::move(warning));
  return lines;
}

/// Files that describe classes for no method of the sweep.
Lines about_descriptions(const std::vector<PlannedRun>& runs, const SweepSpec& spec) {
  const auto reads = [](const PlannedRun& run) { return run.needs.descriptions; };
  if (spec.descriptions.empty() || std::ranges::any_of(runs, reads)) return {};
  return {"--descriptions: none of the methods reads descriptions of classes; clip_zeroshot does"};
}

/// That the work ahead takes many times as long as it needs to.
Lines about_blas(const std::vector<PlannedRun>& runs) {
  const Blas blas = loaded_blas();
  const std::string remedy = remedy_for_blas(blas);
  if (remedy.empty() || std::ranges::all_of(runs, &PlannedRun::done)) return {};
  return {fmt::format("matrices are multiplied by {}: {}", to_string(blas), remedy)};
}

/// That another machine may write the ledger at the same time, in spite of locks.
Lines about_drive(const std::vector<PlannedRun>& runs, const SweepSpec& spec) {
  const std::string kind = file_system_of(spec.ledger);
  if (!is_shared(kind) || std::ranges::all_of(runs, &PlannedRun::done)) return {};
  return {fmt::format(
      "{} is on {}, where SQLite's locks cannot be relied on: let only one machine at a time write it",
      spec.ledger.string(), kind)};
}

}  // namespace

Lines warnings_of(const std::vector<PlannedRun>& runs, const SweepSpec& spec, const KnownRuns& known,
                  const MethodRegistry& registry) {
  Lines all = about_plugins(runs, known, registry);
  for (Lines& lines : std::vector{image_warnings(runs, known), about_measures(runs), about_tracking(runs),
                                  about_epochs(runs), about_solvers(runs, spec), about_warmup(runs),
                                  about_descriptions(runs, spec), about_blas(runs), about_drive(runs, spec)})
    std::ranges::move(lines, std::back_inserter(all));
  return all;
}

}  // namespace promptbed
