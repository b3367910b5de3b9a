#include "cli/tensors/dry_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/json_text.h"
#include "cli/option_table.h"
#include "cli/tensors/sweep_options.h"
#include "report/select/spec_text.h"
#include "sweep/features.h"
#include "sweep/time_estimate.h"
#include "table/render.h"

namespace promptbed {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kWholeLines = 10'000;  // a value belongs beside its option, however long it is

/// What is to be done of a run.
std::string state_of(const PlannedRun& run) {
  if (!run.obstacle.empty()) return "cannot run";
  if (run.done()) return "done";
  return run.job.kept_state        ? "to be tested"
         : run.method->trainable() ? "to be trained and tested"
                                   : "to be made";
}

std::vector<std::string> tests_of(const std::vector<JobTest>& tests) {
  std::vector<std::string> titles;
  for (const JobTest& test : tests) titles.push_back(test.title());
  return titles;
}

std::string run_text(const PlannedRun& run) {
  if (!run.obstacle.empty())
    return render_fields(run.title(), {{"state", state_of(run)}, {"reason", run.obstacle}});
  Fields fields = {{"run", run.id}, {"state", state_of(run)}};
  if (!run.done()) fields.emplace_back("tests", fmt::format("{}", fmt::join(tests_of(*run.job.tests), ", ")));
  std::ranges::move(fields_of(run.job.run), std::back_inserter(fields));
  return render_fields(run.title(), fields);
}

Json run_json(const PlannedRun& run) {
  Json json = {{"title", run.title()}, {"state", state_of(run)}};
  if (!run.obstacle.empty()) {
    json["reason"] = run.obstacle;
    return json;
  }
  json["run"] = run.id;
  json["tests"] = tests_of(*run.job.tests);
  json["spec"] = run.job.run.canonical();
  return json;
}

Json option_json(const Table& options) {
  Json list = Json::array();
  for (const auto& row : options.rows)
    list.push_back({{"option", row[0].text}, {"value", row[1].text}, {"from", row[2].text}});
  return list;
}

/// The estimate of time, if there are finished runs to judge by.
std::optional<TimeEstimate> estimate_of(const Plan& plan, const SweepSpec& spec) {
  if (plan.pending().empty() || !std::filesystem::exists(spec.ledger)) return std::nullopt;
  return estimate_time(plan, Experience(Ledger::open_existing(spec.ledger)));
}

void print_json(const Plan& plan, const SweepSpec& spec, const Workbench& bench, const Table& options,
                int64_t at_once) {
  Json json = {
      {"runs", Json::array()}, {"images_to_encode", Json::object()}, {"options", option_json(options)}};
  for (const PlannedRun& run : plan.runs) json["runs"].push_back(run_json(run));
  for (const Extraction& needed : extractions_of(plan, plan.pending(), bench.inputs()))
    json["images_to_encode"][needed.dataset] = needed.missing;
  if (const auto estimate = estimate_of(plan, spec); estimate && estimate->runs > 0) {
    json["estimate"] = {{"seconds", estimate->elapsed(at_once)},
                        {"core_hours", estimate->sum.core_seconds / 3600},
                        {"runs", estimate->runs},
                        {"unknown", estimate->unknown}};
  }
  fmt::print("{}", json_text(json));
}

}  // namespace

CommandOption dry_run_option() {
  return {.name = "dry-run",
          .value = "WHAT",
          .help =
              "show what would be done and do nothing: a table and all options (plan), also each run's "
              "options and recipe (full), or all of it as json",
          .bare = "plan"};
}

DryRun dry_run_of(const Values& values) {
  if (!values.given("dry-run")) return DryRun::no;
  return values.one_of<DryRun>(
      "dry-run",
      {{"plan", DryRun::plan}, {"full", DryRun::full}, {"json", DryRun::json}, {"no", DryRun::no}});
}

void print_dry_run(DryRun kind, const Values& values, const Plan& plan, const SweepSpec& spec,
                   const Workbench& bench, int64_t at_once) {
  const Table options = option_table(values, settled_options(spec, bench.inputs()));
  if (kind == DryRun::json) {
    print_json(plan, spec, bench, options, at_once);
    return;
  }
  Table table = dry_run_table(plan, spec, bench.inputs());
  if (const auto estimate = estimate_of(plan, spec); estimate && estimate->runs > 0)
    table.notes.push_back(estimate->text(at_once));
  fmt::print("{}\n{}", render_text(table), render_text(options, {.width = kWholeLines}));
  if (kind != DryRun::full) return;
  for (const PlannedRun& run : plan.runs) fmt::print("\n{}", printable_lines(run_text(run)));
}

}  // namespace promptbed
