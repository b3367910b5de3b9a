#include "sweep/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/interrupt.h"
#include "data/class_half.h"
#include "methods/assignment.h"
#include "methods/guarded_learner.h"
#include "sweep/given_draws.h"

namespace promptbed {
namespace {

constexpr int64_t kMost = 1'000'000'000;

Recipe overridden(Recipe recipe, const SweepSpec& spec) {
  if (spec.epochs) recipe.epochs = *spec.epochs;
  if (spec.batch_size) recipe.batch_size = *spec.batch_size;
  if (spec.learning_rate) {
    for (ParameterGroup& group : recipe.groups) group.learning_rate = *spec.learning_rate;
  }
  return recipe;
}

PlannedDataset read_dataset(const DatasetSpec& dataset, const Inputs& inputs) {
  PlannedDataset planned{dataset, inputs.read_split(dataset), {}};
  planned.split_hash = planned.split.hash();
  if (planned.split.class_names.size() < 2) {
    throw Error(
        fmt::format("{}: has one class, and base-new needs two; leave it out with --datasets", dataset.id));
  }
  return planned;
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
  setting.tokenizer = bench.inputs().model().tokenizer();
  setting.context_length = bench.inputs().model().context_length();
  return setting;
}

FewShotDraw training_classes(const FewShotDraw& draw, const Split& split) {
  return {subset(draw.train, split, ClassSet::base), subset(draw.val, split, ClassSet::base)};
}

/// What this runner cannot give yet must not be missing in silence.
void check_needs(const Needs& needs, const Method& method) {
  if (needs.pixels)
    throw Error(fmt::format("{}: needs pixels, and this runner gives features only", method.name()));
  if (needs.views_at_test) {
    throw Error(fmt::format("{}: needs several views at test, and this runner gives one", method.name()));
  }
}

/// PlannedRun -> RunSpec: asks the method to settle its options and recipe. Throws what the method throws.
RunSpec settle(PlannedRun& run, const Options& given, const Workbench& bench) {
  const auto learner = bench.registry().create(*run.method, given);
  RunSpec spec;
  spec.model = bench.inputs().model().fingerprint();
  spec.dataset = run.dataset->spec.id;
  spec.split_hash = run.dataset->split_hash;
  spec.prompt_template = run.setting.prompt_template;
  spec.context_init = run.setting.context_init;
  spec.method = run.method->name();
  spec.method_version = run.method->spec->version;
  spec.options = learner->resolve(run.setting).values();
  spec.precision = to_string(bench.spec().placement.precision);
  run.needs = learner->needs();
  check_needs(run.needs, *run.method);
  if (run.method->trainable()) {
    spec.classes = to_string(ClassSet::base);
    spec.shots = run.shots;
    spec.seed = run.seed;
    spec.draw = run.given_draw;
    if (!run.method->has_own_solver()) spec.recipe = overridden(learner->recipe(run.setting), bench.spec());
    spec.views = bench.spec().views;
  }
  return spec;
}

/// Draws a run's images. A draw from a file that is the ordinary one makes the same run.
void draw_images(PlannedRun& run, const GivenDraws& draws) {
  const Split& split = run.dataset->split;
  const FewShotDraw ordinary = training_classes(draw_few_shot(split, run.shots, run.seed), split);
  run.draw = ordinary;
  const auto given = draws.find(run.dataset->spec.id, split, run.shots, run.seed);
  if (!given) return;
  run.draw = training_classes(*given, split);
  if (run.draw != ordinary) run.given_draw = run.draw.hash();
}

PlannedRun plan_run(const Method& method, std::shared_ptr<const PlannedDataset> dataset, int64_t shots,
                    int64_t seed, const Options& given, const GivenDraws& draws, const Workbench& bench) {
  PlannedRun run;
  run.method = &method;
  run.dataset = std::move(dataset);
  run.shots = shots;
  run.seed = seed;
  run.setting = make_setting(*run.dataset, bench, shots);
  if (method.trainable()) draw_images(run, draws);
  if (method.trainable() && run.draw.train.empty()) {
    run.obstacle = fmt::format(
        "{}: has no training images, only a test set; leave it out with --datasets, or choose a method that "
        "does not train",
        run.setting.dataset);
    return run;
  }
  try {
    run.spec = settle(run, given, bench);
    run.id = run.spec.id();
    if (const Ledger* ledger = bench.existing_ledger()) run.state = ledger->state(run.id);
  } catch (const PromptTooLong& fault) {
    run.obstacle = fault.what();
  } catch (const PluginFault& fault) {
    run.obstacle = fault.what();  // the other methods can do without this one
  }
  return run;
}

void check_range(const char* option, const std::vector<int64_t>& values, int64_t least, int64_t most) {
  for (const int64_t value : values) {
    if (value < least || value > most) {
      throw Error(fmt::format("{} {}: give {} to {}", option, value, least, most));
    }
  }
}

void check_grid(const SweepSpec& spec) {
  check_range("--shots", spec.shots, 1, kMost);
  check_range("--seeds", spec.seeds, 0, kMost);
  if (spec.epochs) check_range("--epochs", {*spec.epochs}, 1, kMost);
  if (spec.batch_size) check_range("--batch-size", {*spec.batch_size}, 1, kMost);
  if (spec.learning_rate && !(std::isfinite(*spec.learning_rate) && *spec.learning_rate > 0)) {
    throw Error(fmt::format("--lr {}: give a number above 0", *spec.learning_rate));
  }
}

}  // namespace

std::string PlannedRun::title() const {
  if (!method->trainable()) return fmt::format("{} on {}", method->name(), dataset->spec.id);
  return fmt::format("{} on {}, {} shots, seed {}", method->name(), dataset->spec.id, shots, seed);
}

std::vector<const PlannedRun*> Plan::pending(bool force) const {
  std::vector<const PlannedRun*> chosen;
  for (const PlannedRun& run : runs) {
    if (run.obstacle.empty() && (force || !run.done())) chosen.push_back(&run);
  }
  return chosen;
}

Plan plan_sweep(const Workbench& bench) {
  const SweepSpec& spec = bench.spec();
  check_grid(spec);
  std::vector<const Method*> methods;
  for (const std::string& name : spec.methods) methods.push_back(&bench.registry().at(name));
  const auto assignments = parse_assignments(spec.assignments, spec.methods, bench.registry());

  const GivenDraws draws(spec.draws);
  draws.check_grid(bench.inputs().datasets(), spec.shots, spec.seeds);

  Plan plan;
  for (const DatasetSpec& dataset : bench.inputs().datasets()) {
    check_interrupt();
    plan.datasets.push_back(std::make_shared<PlannedDataset>(read_dataset(dataset, bench.inputs())));
  }
  for (const auto& dataset : plan.datasets) {
    for (const Method* method : methods) {
      const Options given = given_options(*method, assignments);
      if (!method->trainable()) {
        plan.runs.push_back(plan_run(*method, dataset, 0, 0, given, draws, bench));
        continue;
      }
      for (const int64_t shots : spec.shots) {
        for (const int64_t seed : spec.seeds)
          plan.runs.push_back(plan_run(*method, dataset, shots, seed, given, draws, bench));
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
    if (run.done() && made_by[run.id] != run.method->file_hash) ++runs_of[run.method->name()];
  }
  std::vector<std::string> warnings;
  for (const auto& [method, runs] : runs_of) {
    warnings.push_back(
        fmt::format("{}: {} finished runs were made by another build of its plugin with the same version; "
                    "raise the method's version, or do them once more with --force",
                    method, runs));
  }
  return warnings;
}

}  // namespace promptbed
