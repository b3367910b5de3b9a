#include "sweep/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/signals.h"
#include "data/draws/class_sets.h"
#include "methods/assignment.h"
#include "methods/guarded_learner.h"
#include "results/run_record.h"
#include "sweep/given_draws.h"
#include "sweep/known_tests.h"

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

PlannedDataset read_dataset(const DatasetSpec& dataset, const Workbench& bench) {
  PlannedDataset planned{dataset, bench.inputs().read_split(dataset), {}};
  planned.split_hash = planned.split.hash();
  if (bench.spec().protocol == Protocol::base_new && planned.split.class_names.size() < 2) {
    throw Error(
        fmt::format("{}: has one class, and base-new needs two; leave it out with --datasets", dataset.id));
  }
  return planned;
}

/// The classes of its dataset that a protocol trains on.
ClassSet trained_classes(Protocol protocol) {
  return protocol == Protocol::base_new ? ClassSet::base : ClassSet::all;
}

Setting make_setting(const PlannedDataset& dataset, const Workbench& bench, int64_t shots) {
  Setting setting;
  setting.dataset = dataset.spec.id;
  setting.protocol = bench.spec().protocol;
  setting.shots = shots;
  setting.class_names = class_names_of(dataset.split, trained_classes(setting.protocol));
  if (setting.protocol == Protocol::base_new)
    setting.unseen_class_names = class_names_of(dataset.split, ClassSet::new_);
  setting.prompt_template = dataset.spec.prompt_template;
  setting.context_init = dataset.spec.context_init;
  setting.tokenizer = bench.inputs().model().tokenizer();
  setting.context_length = bench.inputs().model().context_length();
  return setting;
}

FewShotDraw of_classes(ClassSet classes, const FewShotDraw& draw, const Split& split) {
  return {subset(draw.train, split, classes), subset(draw.val, split, classes)};
}

/// What this runner cannot give yet must not be missing in silence.
void check_needs(const Needs& needs, const Method& method) {
  if (needs.pixels)
    throw Error(fmt::format("{}: needs pixels, and this runner gives features only", method.name()));
  if (needs.views_at_test) {
    throw Error(fmt::format("{}: needs several views at test, and this runner gives one", method.name()));
  }
}

/// Fills in what is done of a run and what is missing.
void compare(PlannedRun& run, const KnownTests& known, const Workbench& bench) {
  if (const Ledger* ledger = bench.existing_ledger()) run.state = ledger->state(run.id);
  const bool done = run.state && run.state->status == RunStatus::done && !bench.spec().force;
  for (const PlannedTest& test : run.tests) {
    if (!done || !known.has(run.id, test)) run.missing_tests.push_back(test);
  }
  run.trained =
      done && (!run.method->trainable() || std::filesystem::exists(prompt_path(bench.spec().ledger, run.id)));
  if (!run.trained && !run.missing_tests.empty()) run.missing_tests = run.tests;
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
    spec.classes = to_string(trained_classes(run.setting.protocol));
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
  const ClassSet classes = trained_classes(run.setting.protocol);
  const FewShotDraw ordinary = of_classes(classes, draw_few_shot(split, run.shots, run.seed), split);
  run.draw = ordinary;
  const auto given = draws.find(run.dataset->spec.id, split, run.shots, run.seed);
  if (!given) return;
  run.draw = of_classes(classes, *given, split);
  if (run.draw != ordinary) run.given_draw = run.draw.hash();
}

/// Puts the cells of the grid together into runs.
class Planner {
 public:
  Planner(const Workbench& bench, const std::vector<std::shared_ptr<const PlannedDataset>>& datasets,
          const GivenDraws& draws)
      : bench_(bench), datasets_(datasets), draws_(draws), known_(bench.existing_ledger()) {}

  PlannedRun plan(const Method& method, std::shared_ptr<const PlannedDataset> dataset, int64_t shots,
                  int64_t seed, const GivenOptions& given) const {
    PlannedRun run;
    run.method = &method;
    run.options_label = given.label;
    run.dataset = std::move(dataset);
    run.tests = tests_of(run);
    run.shots = shots;
    run.seed = seed;
    run.setting = make_setting(*run.dataset, bench_, shots);
    if (method.trainable()) draw_images(run, draws_);
    if (method.trainable() && run.draw.train.empty()) {
      run.obstacle = fmt::format(
          "{}: has no training images, only a test set; leave it out with --datasets, or choose a method "
          "that does not train",
          run.setting.dataset);
      return run;
    }
    try {
      run.spec = settle(run, given.options, bench_);
      run.id = run.spec.id();
    } catch (const PromptTooLong& fault) {
      run.obstacle = fault.what();
      return run;
    } catch (const PluginFault& fault) {
      run.obstacle = fault.what();  // the other methods can do without this one
      return run;
    }
    compare(run, known_, bench_);
    return run;
  }

 private:
  /// On its own dataset; with one source, what was trained there is tested on all the others, too.
  std::vector<PlannedTest> tests_of(const PlannedRun& run) const {
    if (bench_.spec().protocol == Protocol::base_new)
      return {{run.dataset, ClassSet::base}, {run.dataset, ClassSet::new_}};
    std::vector<PlannedTest> tests = {{run.dataset, ClassSet::all}};
    if (!bench_.has_source() || !run.method->trainable()) return tests;
    for (const auto& dataset : datasets_) {
      if (dataset != run.dataset) tests.push_back({dataset, ClassSet::all});
    }
    return tests;
  }

  const Workbench& bench_;
  const std::vector<std::shared_ptr<const PlannedDataset>>& datasets_;
  const GivenDraws& draws_;
  KnownTests known_;
};

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
  const std::string label = options_label.empty() ? "" : " " + options_label;
  if (!method->trainable()) return fmt::format("{}{} on {}", method->name(), label, dataset->spec.id);
  return fmt::format("{}{} on {}, {} shots, seed {}", method->name(), label, dataset->spec.id, shots, seed);
}

std::string PlannedTest::title() const {
  return fmt::format("{} of {}", to_string(classes), dataset->spec.id);
}

std::vector<const PlannedRun*> Plan::pending() const {
  std::vector<const PlannedRun*> chosen;
  for (const PlannedRun& run : runs) {
    if (run.obstacle.empty() && !run.done()) chosen.push_back(&run);
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
  for (const std::vector<DatasetSpec>& datasets : {bench.inputs().datasets(), bench.inputs().targets()}) {
    for (const DatasetSpec& dataset : datasets) {
      check_interrupt();
      plan.datasets.push_back(std::make_shared<PlannedDataset>(read_dataset(dataset, bench)));
    }
  }
  const Planner planner(bench, plan.datasets, draws);
  for (const auto& dataset : plan.datasets) {
    const bool trained_on = !bench.has_source() || dataset->spec.id == spec.source;
    for (const Method* method : methods) {
      if (method->trainable() && !trained_on) continue;
      for (const GivenOptions& given : given_options(*method, assignments)) {
        if (!method->trainable()) {
          plan.runs.push_back(planner.plan(*method, dataset, 0, 0, given));
          continue;
        }
        for (const int64_t shots : spec.shots) {
          for (const int64_t seed : spec.seeds)
            plan.runs.push_back(planner.plan(*method, dataset, shots, seed, given));
        }
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
