#include "sweep/run.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include "base/hash.h"
#include "clip/safetensors.h"
#include "data/class_half.h"
#include "results/metrics.h"
#include "sweep/features.h"
#include "sweep/host.h"
#include "training/epoch_order.h"
#include "training/evaluate.h"
#include "training/train.h"

namespace promptbed {
namespace {

/// Adds up seconds by phase.
class Stopwatch {
 public:
  void lap(const std::string& phase) {
    const auto now = Clock::now();
    seconds_[phase] += std::chrono::duration<double>(now - last_).count();
    last_ = now;
  }
  const std::map<std::string, double>& seconds() const { return seconds_; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point last_ = Clock::now();
  std::map<std::string, double> seconds_;
};

Task make_task(const PlannedRun& run, const FeatureCache& cache, Workbench& bench) {
  const torch::Device device = bench.spec().placement.device;
  Task task;
  static_cast<Setting&>(task) = run.setting;
  if (run.method->trainable())
    task.train = read_features(cache, run.draw.train, training_views(run.spec.views), device);
  if (run.needs.validation_features)
    task.validation = read_features(cache, run.draw.val, {kCentreView}, device);
  task.text_encoder = bench.inputs().text_encoder();
  task.logit_scale = bench.inputs().model().logit_scale();
  task.feature_width = bench.inputs().model().embedding_width();
  task.generator = seeded_generator(static_cast<uint64_t>(run.seed), "init");
  task.device = device;
  return task;
}

std::unique_ptr<PromptLearner> make_learner(const PlannedRun& run, const Task& task, const Workbench& bench) {
  Options options = run.method->default_options();
  for (const auto& [name, value] : run.spec.options) options.set(name, value);
  auto learner = bench.registry().create(*run.method, options);
  if (learner->resolve(task).values() != run.spec.options) {
    throw Error(fmt::format(
        "{}: settles its options in another way when it is asked again; report it to the plugin's "
        "author",
        run.method->name()));
  }
  learner->bind(task);
  return learner;
}

std::vector<EpochRecord> train_prompt(PromptLearner& learner, const PlannedRun& run, const Task& task) {
  if (!run.method->trainable() || learner.fit(task.train, task.validation)) return {};
  if (run.method->has_own_solver()) {
    throw Error(
        fmt::format("{}: declares a solver of its own, and its fit() did nothing; report it to the "
                    "plugin's author",
                    run.method->name()));
  }
  ShuffledOrder order(task.train.labels.size(0), task.train.features.size(1),
                      static_cast<uint64_t>(run.seed));
  std::vector<EpochRecord> records;
  for (const TrainedEpoch& epoch : train(learner, task.train, *run.spec.recipe, order)) {
    records.push_back({epoch.epoch, epoch.loss, epoch.learning_rate, epoch.seconds});
  }
  return records;
}

/// What the method wants to keep, apart from its graph and device.
NamedTensors trained_state(PromptLearner& learner) {
  NamedTensors state = learner.state();
  for (auto& [name, tensor] : state) tensor = tensor.detach().to(torch::kCPU).contiguous().clone();
  return state;
}

std::string hash_state(const NamedTensors& state) {
  if (state.empty()) return {};
  Hasher hasher;
  for (const auto& [name, tensor] : state) {
    hasher.add(name).add(
        std::as_bytes(std::span(static_cast<const char*>(tensor.data_ptr()), tensor.nbytes())));
  }
  return hasher.hex();
}

/// TrainedPrompt -> Evaluation -> Score, on one half of the classes.
Score score_on(ClassSet set, PromptLearner& learner, const PlannedRun& run, const FeatureCache& cache,
               Workbench& bench) {
  const PlannedDataset& dataset = *run.dataset;
  const auto images = subset(dataset.split.test, dataset.split, set);
  const Predictions predictions =
      evaluate(learner, read_features(cache, images, {kCentreView}, bench.spec().placement.device));
  const Metrics metrics = measure(predictions.labels, predictions.predicted);
  Score score;
  score.dataset = dataset.spec.id;
  score.class_set = to_string(set);
  score.images = metrics.images;
  score.correct = metrics.correct;
  score.accuracy = metrics.accuracy;
  score.macro_f1 = metrics.macro_f1;
  score.predictions_hash = Hasher().add(std::as_bytes(std::span(predictions.predicted))).hex();
  return score;
}

/// Turns the learner to other classes. Nothing, or why it cannot serve them.
std::optional<std::string> refusal_of(PromptLearner& learner, const ClassNames& class_names) {
  try {
    learner.retarget(class_names);
    return std::nullopt;
  } catch (const NotTransferable& refusal) {
    return refusal.what();
  }
}

std::string hash_class_names(const Setting& setting) {
  Hasher hasher;
  for (const std::string& name : setting.class_names) hasher.add(name);
  for (const std::string& name : setting.unseen_class_names) hasher.add(name);
  return hasher.hex();
}

ShotRange count_shots(const PlannedRun& run) {
  if (!run.method->trainable()) return {};
  std::map<int64_t, int64_t> images_of;
  for (const Image& image : run.draw.train) ++images_of[image.label];
  const auto [least, most] = std::minmax_element(
      images_of.begin(), images_of.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return {least->second, most->second};
}

/// Images whose features a run reads.
int64_t count_images(const PlannedRun& run) {
  size_t images = run.draw.train.size() + run.dataset->split.test.size();
  if (run.needs.validation_features) images += run.draw.val.size();
  return static_cast<int64_t>(images);
}

}  // namespace

MadeRun make_run(const PlannedRun& run, const FeatureCache& cache, Workbench& bench) {
  Stopwatch watch;
  const Task task = make_task(run, cache, bench);
  const auto learner = make_learner(run, task, bench);
  watch.lap("set-up");

  MadeRun made;
  made.outcome.epochs = train_prompt(*learner, run, task);
  made.state = trained_state(*learner);
  watch.lap("training");

  made.outcome.scores.push_back(score_on(ClassSet::base, *learner, run, cache, bench));
  if (const auto reason = refusal_of(*learner, run.setting.unseen_class_names)) {
    made.outcome.refusals.push_back({run.setting.dataset, std::string(to_string(ClassSet::new_)), *reason});
  } else {
    made.outcome.scores.push_back(score_on(ClassSet::new_, *learner, run, cache, bench));
  }
  watch.lap("evaluation");

  made.outcome.draw_hash = run.draw.hash();
  made.outcome.class_names_hash = hash_class_names(run.setting);
  made.outcome.state_hash = hash_state(made.state);
  made.outcome.shots = count_shots(run);
  made.outcome.execution = describe_execution(bench, *run.method);
  made.outcome.execution.seconds = watch.seconds();
  made.outcome.execution.cache_hits = count_images(run);
  made.outcome.execution.peak_memory = peak_memory();
  return made;
}

void put_on_record(const MadeRun& made, const PlannedRun& run, Workbench& bench) {
  if (!made.state.empty()) {
    write_safetensors(prompt_path(bench.spec().ledger, run.id), made.state,
                      {{"run", run.spec.canonical().dump()}});
  }
  bench.ledger().finish(run.id, made.outcome);
}

}  // namespace promptbed
