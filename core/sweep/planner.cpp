#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/processes.h"
#include "base/signals.h"
#include "methods/assignment.h"
#include "methods/guarded_learner.h"
#include "results/run_record.h"
#include "sweep/features.h"
#include "sweep/given_files.h"
#include "sweep/image_identity.h"
#include "sweep/plan.h"
#include "sweep/plan_warnings.h"
#include "sweep/run.h"
#include "sweep/training_data.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMost = 1'000'000'000;
constexpr double kHighestRate = 1e30;

Recipe overridden(Recipe recipe, const SweepSpec& spec) {
  if (spec.epochs) {
    recipe.epochs = *spec.epochs;
    recipe.iterations = 0;
  }
  if (spec.batch_size) recipe.batch_size = *spec.batch_size;
  if (spec.learning_rate) {
    for (ParameterGroup& group : recipe.groups) group.learning_rate = *spec.learning_rate;
  }
  return recipe;
}

/// What cannot be given must not be missing in silence.
void check_needs(const Needs& needs, const Method& method) {
  if (const std::string wrong = wrong_with(needs, method.has_own_solver()); !wrong.empty())
    throw Error(fmt::format("{}: {}", method.name(), wrong));
}

/// Whether a run's training is on record, and nobody is about to replace it.
bool has_training(const RunRecord& record) {
  return record.kept_state && !(record.owner && may_live(*record.owner));
}

std::optional<Ledger> open_if_there(const fs::path& ledger) {
  if (!fs::exists(ledger)) return std::nullopt;
  return Ledger::open_existing(ledger);
}

/// Puts the cells of the grid together into runs.
class Planner {
 public:
  Planner(const SweepSpec& spec, const Workbench& bench, OpenDatasets& opened,
          const std::vector<std::shared_ptr<const PlannedDataset>>& datasets, const GivenDraws& draws,
          const GivenDescriptions& descriptions)
      : spec_(spec),
        bench_(bench),
        opened_(opened),
        datasets_(datasets),
        data_(spec, draws),
        descriptions_(descriptions),
        ledger_(open_if_there(spec.ledger)),
        known_(ledger_ ? &*ledger_ : nullptr,
               {.measurements = measures_all(), .tracked = spec.track_new > 0}) {}

  /// Shots are 0 for a method without training, and so is the seed unless it is online.
  PlannedRun plan(const Method& method, std::shared_ptr<const PlannedDataset> dataset, int64_t shots,
                  int64_t seed, const GivenOptions& given) {
    PlannedRun run;
    run.method = &method;
    run.dataset = std::move(dataset);
    const auto [tests, are_new] = tests_.try_emplace({run.dataset.get(), method.trainable()});
    if (are_new) tests->second = tests_of(run);
    run.tests = tests->second;
    describe(run, shots, seed);
    run.job.label = given.label;
    if (method.trainable()) draw_images(run);
    if (!run.obstacle.empty()) return run;
    if (method.trainable() && run.job.data->draw.train.empty()) {
      run.obstacle = fmt::format(
          "{}: has no training images, only a test set; leave it out with --datasets, or choose a method "
          "that does not train",
          run.dataset->spec.id);
      return run;
    }
    if (!run.dataset->fault.empty()) {
      run.obstacle = run.dataset->fault;
      return run;
    }
    try {
      settle(run, given.options);
      tell_images(run);
    } catch (const PromptTooLong& fault) {
      run.obstacle = fault.what();
      return run;
    } catch (const PluginFault& fault) {
      run.obstacle = fault.what();  // the other methods can do without this one
      return run;
    } catch (const PictureError& fault) {
      run.obstacle = fault.what();
      return run;
    }
    run.id = run.job.run.id();
    compare(run);
    return run;
  }

  /// What the ledger had before the sweep.
  const KnownRuns& known() const { return known_; }

 private:
  /// On its own dataset; with one source, what was trained there is tested on all the others, too.
  std::vector<JobTest> tests_of(const PlannedRun& run) const {
    const auto test = [](const PlannedDataset& dataset, ClassSet classes) {
      return JobTest{dataset.spec.id, dataset.split_hash, classes, dataset.test_images};
    };
    std::vector<JobTest> tests;
    if (has_halves(spec_.protocol))
      tests = {test(*run.dataset, ClassSet::base), test(*run.dataset, ClassSet::new_)};
    if (spec_.protocol == Protocol::base_new) return tests;
    tests.push_back(test(*run.dataset, ClassSet::all));
    if (!has_source(spec_.protocol) || !run.method->trainable()) return tests;
    for (const auto& dataset : datasets_) {
      if (dataset != run.dataset) tests.push_back(test(*dataset, ClassSet::all));
    }
    return tests;
  }

  /// All of the run that is known without asking its method.
  void describe(PlannedRun& run, int64_t shots, int64_t seed) {
    const PlannedDataset& dataset = *run.dataset;
    run.job.protocol = spec_.protocol;
    run.job.data = data_.classes_of(dataset);
    RunSpec& settled = run.job.run;
    settled.model = bench_.inputs().model().fingerprint();
    settled.dataset = dataset.spec.id;
    settled.split_hash = dataset.split_hash;
    settled.prompt_template = dataset.spec.prompt_template;
    settled.context_init = dataset.spec.context_init;
    settled.method = run.method->name();
    settled.method_version = run.method->spec->version;
    settled.precision = to_string(spec_.placement.precision);
    settled.tokenizer = bench_.inputs().model().tokenizer_id();
    settled.seed = seed;
    if (!run.method->trainable()) return;
    settled.classes = to_string(trained_classes(spec_.protocol));
    settled.shots = shots;
    settled.views = spec_.views;
    if (settled.views > 0) settled.crops = dataset.spec.crops;
  }

  void draw_images(PlannedRun& run) {
    const TrainingData::Draw& draw = data_.draw_of(*run.dataset, run.job.run.shots, run.job.run.seed);
    run.job.data = draw.data;
    run.job.run.draw = draw.given;
    run.job.run.changes = draw.changes;
    run.obstacle = draw.obstacle;
  }

  /// Asks the method to settle its options and recipe. Throws what the method throws.
  void settle(PlannedRun& run, const Options& given) {
    auto learner = bench_.registry().create(*run.method, given);
    if (const Method* base = bench_.registry().base_of(*run.method, given))
      run.job.run.base_version = base->spec->version;
    Setting setting = setting_of(run.job, bench_.inputs().model());
    run.job.run.options = learner->resolve(setting).values();
    run.needs = learner->needs();
    check_needs(run.needs, *run.method);
    if (run.needs.pixels) show_pixels(run);
    if (run.needs.views_at_test > 0) show_views(run);
    give_validation(run, given);
    if (describe_classes(run)) {
      learner = bench_.registry().create(*run.method, given);
      setting = setting_of(run.job, bench_.inputs().model());
      run.job.run.options = learner->resolve(setting).values();
    }
    if (run.method->trainable() && !run.method->has_own_solver())
      run.job.run.recipe = overridden(learner->recipe(setting), spec_);
  }

  /// A method that takes pixels needs the images themselves, whatever features hold, and sees a fresh crop of
  /// each in every epoch. Throws PictureError if there are features only or an image is missing.
  void show_pixels(PlannedRun& run) const {
    const PlannedDataset& dataset = *run.dataset;
    bench_.inputs().check_images_exist(dataset.spec, run.method->name());
    if (run.job.run.views > 0) run.job.run.views = kFreshCrops;
    auto& images = run.job.run.images;
    images["test"] = hash_of_pictures(dataset.spec.id, dataset.split.test, opened_);
    if (run.method->trainable())
      images["train"] = hash_of_pictures(dataset.spec.id, run.job.data->draw.train, opened_);
    std::vector<JobTest> tests = *run.tests;
    for (JobTest& test : tests)
      if (test.dataset == dataset.spec.id) test.images = images["test"];
    run.tests = std::move(tests);
  }

  /// Random crops at test are never sealed, so that they need the images, too, and depend on what crops
  /// cover.
  void show_views(PlannedRun& run) const {
    const DatasetSpec& dataset = run.dataset->spec;
    bench_.inputs().check_images_exist(dataset, run.method->name());
    run.job.run.crops = dataset.crops;
  }

  /// A method that chooses on all validation images has them in place of the draw's, unless those are
  /// training images.
  void give_validation(PlannedRun& run, const Options& given) {
    run.selection = bench_.registry().selection_of(*run.method, given);
    if (run.needs.validation_features && validates_on_training(*run.dataset, spec_)) {
      run.job.run.validation = "training";
      if (run.selection == Selection::full_validation) run.selection = Selection::few_shot_validation;
    }
    if (run.selection != Selection::full_validation || !run.method->trainable()) return;
    run.job.data = data_.with_all_validation(*run.dataset, run.job.data);
  }

  /// Gives a method that reads descriptions those of the run's classes. Whether there are any.
  bool describe_classes(PlannedRun& run) {
    const ClassDescriptions* given = descriptions_.find(run.dataset->spec.id);
    if (given == nullptr || !run.needs.descriptions) return false;
    run.job.data = data_.described(*run.dataset, run.job.data, *given);
    run.job.run.descriptions = given->hash();
    return true;
  }

  /// Puts what images held of which features are used into the run's identity, where that is known. Throws
  /// PictureError for an image that is missing.
  void tell_images(PlannedRun& run) const {
    const auto tell = [&](const char* part, const std::string& hash) {
      if (!hash.empty()) run.job.run.images[part] = hash;
    };
    const std::string& dataset = run.dataset->spec.id;
    if (!run.needs.pixels) {
      tell("test", run.dataset->test_images);
      if (run.method->trainable()) tell("train", hash_of_images(dataset, training_request(run.job), opened_));
    }
    if (run.needs.validation_features)
      tell(validation_part(run.selection), hash_of_images(dataset, validation_request(run.job), opened_));
  }

  /// Fills in what is done of a run and what is missing.
  void compare(PlannedRun& run) const {
    const RunRecord* record = known_.find(run.id);
    if (record != nullptr) run.state = RunState{record->status, record->attempts, record->kept_state};
    const bool trained = record != nullptr && has_training(*record) && !spec_.force;
    const bool done = trained && record->status == RunStatus::done;
    const auto lacks_scores = [&](const JobTest& test) { return !done || !known_.has(run.id, test); };
    const auto is_missing = [&](const JobTest& test) {
      return lacks_scores(test) || (measures_all() && !known_.has_measured(run.id, test));
    };
    if (std::ranges::all_of(*run.tests, is_missing)) {
      run.job.tests = run.tests;
    } else {
      std::vector<JobTest> missing;
      std::ranges::copy_if(*run.tests, std::back_inserter(missing), is_missing);
      run.job.tests = std::move(missing);
    }
    run.lacks_tracking = trained && spec_.track_new > 0 && run.job.run.recipe && !known_.has_tracked(run.id);
    if (run.done() || !trained) return;
    run.job.kept_state = usable_training(run, *run.state, spec_.ledger);
    if (run.job.kept_state) return;
    // What lacks scores has to be trained again; what lacks measures alone keeps its scores.
    run.keeps_scores = std::ranges::none_of(*run.tests, lacks_scores);
    run.job.tests = run.keeps_scores ? Shared<std::vector<JobTest>>() : run.tests;
  }

  /// Whether a test whose score alone is known, of an earlier version, is made once more.
  bool measures_all() const { return spec_.remeasure || spec_.protocol == Protocol::open_world; }

  const SweepSpec& spec_;
  const Workbench& bench_;
  OpenDatasets& opened_;
  const std::vector<std::shared_ptr<const PlannedDataset>>& datasets_;
  TrainingData data_;
  const GivenDescriptions& descriptions_;
  std::optional<Ledger> ledger_;
  KnownRuns known_;
  std::map<std::pair<const PlannedDataset*, bool>, Shared<std::vector<JobTest>>> tests_;  // trained or not
};

void check_range(const char* option, const std::vector<int64_t>& values, int64_t least) {
  for (const int64_t value : values) {
    if (value < least || value > kMost)
      throw Error(fmt::format("{} {}: give {} to {}", option, value, least, kMost));
  }
}

void check_grid(const SweepSpec& spec) {
  check_range("--shots", spec.shots, 1);
  check_range("--seeds", spec.seeds, 0);
  if (spec.epochs) check_range("--epochs", {*spec.epochs}, 1);
  if (spec.batch_size) check_range("--batch-size", {*spec.batch_size}, 1);
  if (spec.learning_rate && !(*spec.learning_rate > 0 && *spec.learning_rate <= kHighestRate)) {
    throw Error(
        fmt::format("--lr {}: give a number above 0 and up to {}", *spec.learning_rate, kHighestRate));
  }
  if (spec.track_new > 0 && !has_halves(spec.protocol)) {
    throw Error(fmt::format("--track-new: is for base-new and open-world; {} has no new classes",
                            to_string(spec.protocol)));
  }
}

/// Throws Error if ImageNet's validation images are asked for and it is not there.
void check_imagenet_val(const SweepSpec& spec,
                        const std::vector<std::shared_ptr<const PlannedDataset>>& datasets) {
  const auto is_imagenet = [](const auto& dataset) {
    return dataset->spec.split.kind == SplitKind::imagenet;
  };
  if (spec.imagenet_val && std::ranges::none_of(datasets, is_imagenet))
    throw Error("--imagenet-val train: none of the datasets is ImageNet; leave it out");
}

PlannedDataset read_dataset(const DatasetSpec& dataset, const SweepSpec& spec, const Inputs& inputs,
                            OpenDatasets& opened) {
  PlannedDataset planned{dataset, inputs.read_split(dataset), {}};
  planned.split_hash = planned.split.hash();
  if (has_halves(spec.protocol) && planned.split.class_names.size() < 2) {
    throw Error(fmt::format("{}: has one class, and {} needs two; leave it out with --datasets", dataset.id,
                            to_string(spec.protocol)));
  }
  try {
    planned.test_images = hash_of_images(dataset.id, test_request(planned.split), opened);
  } catch (const PictureError& fault) {
    planned.fault = fault.what();
  }
  return planned;
}

/// The shots and seeds that a method is tried with.
std::vector<std::pair<int64_t, int64_t>> shots_and_seeds(const Method& method, const SweepSpec& spec) {
  if (!method.trainable() && !method.spec->online) return {{0, 0}};
  std::vector<std::pair<int64_t, int64_t>> pairs;
  for (const int64_t shots : method.trainable() ? spec.shots : std::vector<int64_t>{0}) {
    for (const int64_t seed : spec.seeds) pairs.emplace_back(shots, seed);
  }
  return pairs;
}

}  // namespace

Plan plan_sweep(const SweepSpec& spec, const Workbench& bench) {
  check_grid(spec);
  std::vector<const Method*> methods;
  for (const std::string& name : spec.methods) methods.push_back(&bench.registry().at(name));
  const auto assignments = parse_assignments(spec.assignments, spec.methods, bench.registry());

  const Inputs& inputs = bench.inputs();
  const GivenDraws draws(spec.draws);
  draws.check_grid(inputs.datasets(), spec);

  const GivenDescriptions descriptions(spec.descriptions, inputs);
  OpenDatasets opened(inputs);
  Plan plan;
  for (const std::vector<DatasetSpec>& datasets : {inputs.datasets(), inputs.targets()}) {
    for (const DatasetSpec& dataset : datasets) {
      check_interrupt();
      plan.datasets.push_back(std::make_shared<PlannedDataset>(read_dataset(dataset, spec, inputs, opened)));
    }
  }
  check_imagenet_val(spec, plan.datasets);
  Planner planner(spec, bench, opened, plan.datasets, draws, descriptions);
  std::set<std::string> ids;
  std::vector<std::string> repeated;
  for (const auto& dataset : plan.datasets) {
    const bool trained_on = !has_source(spec.protocol) || dataset->spec.id == spec.source;
    for (const Method* method : methods) {
      if (method->trainable() && !trained_on) continue;
      for (const GivenOptions& given : given_options(*method, assignments, bench.registry())) {
        for (const auto& [shots, seed] : shots_and_seeds(*method, spec)) {
          PlannedRun run = planner.plan(*method, dataset, shots, seed, given);
          const bool is_new = !run.obstacle.empty() || ids.insert(run.id).second;
          if (is_new) {
            plan.runs.push_back(std::move(run));
          } else {
            repeated.push_back(run.title());
          }
        }
      }
    }
  }
  inputs.save_contents();
  plan.warnings = bench.registry().complaints();
  if (!repeated.empty()) {
    plan.warnings.push_back(fmt::format(
        "{}{}: several values of --set come to the same run, which is made once", repeated.front(),
        repeated.size() == 1 ? "" : fmt::format(" and {} more", repeated.size() - 1)));
  }
  std::ranges::move(warnings_of(plan.runs, spec, planner.known(), bench.registry()),
                    std::back_inserter(plan.warnings));
  return plan;
}

}  // namespace promptbed
