#include "sweep/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <map>
#include <set>

#include "data/class_half.h"

namespace promptbed {
namespace {

/// One "--set METHOD.OPTION=VALUE".
struct Assignment {
  std::string method, option, value;
};

Assignment parse_assignment(const std::string& text) {
  const size_t equals = text.find('=');
  const size_t dot = text.find('.');
  if (equals == std::string::npos || dot == std::string::npos || dot > equals) {
    throw Error(fmt::format("--set {}: write METHOD.OPTION=VALUE, such as coop.n_ctx=16", text));
  }
  return {text.substr(0, dot), text.substr(dot + 1, equals - dot - 1), text.substr(equals + 1)};
}

/// The method's defaults under the user's assignments.
Options given_options(const Method& method, const std::vector<Assignment>& assignments) {
  Options options = method.default_options();
  for (const Assignment& assignment : assignments) {
    if (assignment.method != method.name()) continue;
    try {
      options.set(assignment.option, std::string_view(assignment.value));
    } catch (const Error& fault) {
      throw Error(fmt::format("--set {}.{}={}: {}", assignment.method, assignment.option, assignment.value,
                              fault.what()));
    }
  }
  return options;
}

std::vector<Assignment> parse_assignments(const SweepSpec& spec, const MethodRegistry& registry) {
  std::vector<Assignment> assignments;
  for (const std::string& text : spec.assignments) {
    assignments.push_back(parse_assignment(text));
    const std::string& name = assignments.back().method;
    given_options(registry.at(name), assignments);
    if (std::find(spec.methods.begin(), spec.methods.end(), name) == spec.methods.end()) {
      throw Error(fmt::format("--set {}: method {} is not among --methods {}", text, name,
                              fmt::join(spec.methods, ",")));
    }
  }
  return assignments;
}

Recipe overridden(Recipe recipe, const SweepSpec& spec) {
  if (spec.epochs) recipe.epochs = *spec.epochs;
  if (spec.batch_size) recipe.batch_size = *spec.batch_size;
  if (spec.learning_rate) {
    for (ParameterGroup& group : recipe.groups) group.learning_rate = *spec.learning_rate;
  }
  return recipe;
}

Setting make_setting(const PlannedDataset& dataset, const Workbench& bench, int64_t shots) {
  Setting setting;
  setting.dataset = dataset.spec.id;
  setting.protocol = bench.spec().protocol;
  setting.shots = shots;
  setting.class_names = class_names_of(dataset.split, ClassSet::base);
  setting.unseen_class_names = class_names_of(dataset.split, ClassSet::new_);
  setting.prompt_template = dataset.spec.prompt_template;
  setting.context_init = dataset.spec.context_init;
  setting.tokenizer = bench.model().tokenizer();
  setting.context_length = bench.model().context_length();
  return setting;
}

FewShotDraw draw_training_classes(const Split& split, int64_t shots, int64_t seed) {
  FewShotDraw draw = draw_few_shot(split, shots, seed);
  return {subset(draw.train, split, ClassSet::base), subset(draw.val, split, ClassSet::base)};
}

/// PlannedRun -> RunSpec: asks the method to settle its options and recipe. Throws what the method throws.
RunSpec settle(PlannedRun& run, const Options& given, const Workbench& bench) {
  const auto learner = bench.registry().create(*run.method, given);
  RunSpec spec;
  spec.model = bench.model().fingerprint();
  spec.dataset = run.dataset->spec.id;
  spec.split_hash = run.dataset->split.hash();
  spec.prompt_template = run.setting.prompt_template;
  spec.context_init = run.setting.context_init;
  spec.method = run.method->name();
  spec.method_version = run.method->spec->version;
  spec.options = learner->resolve(run.setting).values();
  spec.precision = bench.spec().placement.precision == Precision::bf16 ? "bf16" : "f32";
  run.needs = learner->needs();
  if (run.method->trainable()) {
    spec.classes = to_string(ClassSet::base);
    spec.shots = run.shots;
    spec.seed = run.seed;
    spec.recipe = overridden(learner->recipe(run.setting), bench.spec());
    spec.views = bench.spec().views;
  }
  return spec;
}

PlannedRun plan_run(const Method& method, std::shared_ptr<const PlannedDataset> dataset, int64_t shots,
                    int64_t seed, const Options& given, const Workbench& bench) {
  PlannedRun run;
  run.method = &method;
  run.dataset = std::move(dataset);
  run.shots = shots;
  run.seed = seed;
  run.setting = make_setting(*run.dataset, bench, shots);
  if (method.trainable()) run.draw = draw_training_classes(run.dataset->split, shots, seed);
  try {
    run.spec = settle(run, given, bench);
    run.id = run.spec.id();
    if (const Ledger* ledger = bench.existing_ledger()) run.status = ledger->status(run.id);
  } catch (const Error& fault) {
    run.obstacle = fault.what();
  }
  return run;
}

void check_grid(const SweepSpec& spec) {
  const auto check = [](const char* option, const std::vector<int64_t>& values, int64_t least) {
    for (const int64_t value : values) {
      if (value < least) throw Error(fmt::format("{} {}: give {} or more", option, value, least));
    }
  };
  check("--shots", spec.shots, 1);
  check("--seeds", spec.seeds, 0);
  check("--views", {spec.views}, 0);
  if (spec.epochs) check("--epochs", {*spec.epochs}, 1);
  if (spec.batch_size) check("--batch-size", {*spec.batch_size}, 1);
}

}  // namespace

std::string PlannedRun::title() const {
  if (!method->trainable()) return fmt::format("{} on {}", method->name(), dataset->spec.id);
  return fmt::format("{} on {}, {} shots, seed {}", method->name(), dataset->spec.id, shots, seed);
}

std::vector<const PlannedRun*> Plan::pending(bool force) const {
  std::vector<const PlannedRun*> chosen;
  for (const PlannedRun& run : runs) {
    if (run.obstacle.empty() && (force || run.status != RunStatus::done)) chosen.push_back(&run);
  }
  return chosen;
}

Plan plan_sweep(const Workbench& bench) {
  const SweepSpec& spec = bench.spec();
  check_grid(spec);
  std::vector<const Method*> methods;
  for (const std::string& name : spec.methods) methods.push_back(&bench.registry().at(name));
  const auto assignments = parse_assignments(spec, bench.registry());

  Plan plan;
  for (const DatasetSpec& dataset : select_datasets(bench.suite(), spec.datasets)) {
    plan.datasets.push_back(
        std::make_shared<PlannedDataset>(PlannedDataset{dataset, read_split(dataset, spec.data)}));
  }
  for (const auto& dataset : plan.datasets) {
    for (const Method* method : methods) {
      const Options given = given_options(*method, assignments);
      if (!method->trainable()) {
        plan.runs.push_back(plan_run(*method, dataset, 0, 0, given, bench));
        continue;
      }
      for (const int64_t shots : spec.shots) {
        for (const int64_t seed : spec.seeds)
          plan.runs.push_back(plan_run(*method, dataset, shots, seed, given, bench));
      }
    }
  }
  return plan;
}

std::vector<std::string> plugin_warnings(const Plan& plan, const Workbench& bench) {
  if (bench.existing_ledger() == nullptr) return {};
  std::map<std::string, std::string> made_by;  // run id -> plugin hash
  for (const RunRecord& record : bench.existing_ledger()->list()) made_by[record.id] = record.plugin_hash;
  std::map<std::string, int64_t> runs_of;
  for (const PlannedRun& run : plan.runs) {
    if (run.status == RunStatus::done && made_by[run.id] != run.method->file_hash)
      ++runs_of[run.method->name()];
  }
  std::vector<std::string> warnings;
  for (const auto& [method, runs] : runs_of) {
    warnings.push_back(
        fmt::format("{}: {} finished runs were made by another build of its plugin with the same version; "
                    "--force does them once more",
                    method, runs));
  }
  return warnings;
}

}  // namespace promptbed
