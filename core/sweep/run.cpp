#include "sweep/run.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <ostream>

#include "base/hash.h"
#include "base/machine.h"
#include "base/signals.h"
#include "data/draws/class_sets.h"
#include "prompts/trained_prompt.h"
#include "results/metrics.h"
#include "results/run_record.h"
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

Task make_task(const PlannedRun& run, OpenCaches& caches, Workbench& bench) {
  const torch::Device device = bench.spec().placement.device;
  const FeatureCache& cache = caches.of(*run.dataset);
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

std::unique_ptr<PromptLearner> create_learner(const PlannedRun& run, const Workbench& bench) {
  Options options = run.method->default_options();
  for (const auto& [name, value] : run.spec.options) options.set(name, value);
  return bench.registry().create(*run.method, options);
}

std::unique_ptr<PromptLearner> make_learner(const PlannedRun& run, const Task& task, const Workbench& bench) {
  auto learner = create_learner(run, bench);
  if (learner->resolve(task).values() != run.spec.options) {
    throw Error(fmt::format(
        "{}: settles its options in another way when it is asked again; report it to the plugin's "
        "author",
        run.method->name()));
  }
  learner->bind(task);
  return learner;
}

std::vector<EpochRecord> train_prompt(PromptLearner& learner, const PlannedRun& run, const Task& task,
                                      std::ostream& log) {
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
  train(learner, task.train, *run.spec.recipe, order, {}, [&](const TrainedEpoch& epoch) {
    records.push_back({epoch.epoch, epoch.loss, epoch.learning_rate, epoch.seconds});
    log << fmt::format("epoch {} of {}: loss {:.4f}, rate {:.6f}, {:.2f} s\n", epoch.epoch + 1,
                       run.spec.recipe->epochs, epoch.loss, epoch.learning_rate, epoch.seconds)
        << std::flush;
  });
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

/// Gives the learner the prompt that an earlier attempt at the run trained. Throws Error where its file is
/// not what the ledger says.
void restore_prompt(PromptLearner& learner, const PlannedRun& run, Workbench& bench) {
  if (!run.method->trainable()) return;
  const auto path = prompt_path(bench.spec().ledger, run.id);
  learner.load_state(read_trained_prompt(path).state);
  if (hash_state(trained_state(learner)) != bench.ledger().outcome(run.id).state_hash) {
    throw Error(fmt::format("{}: is not the prompt that the ledger knows of; delete it and sweep again",
                            path.string()));
  }
}

ParameterCount count_parameters(PromptLearner& learner) {
  NamedTensors learned = learner.trainable();
  if (learned.empty()) learned = learner.state();
  ParameterCount count;
  for (const auto& [name, tensor] : learned) {
    count.all += tensor.numel();
    if (!name.ends_with("bias")) count.without_biases += tensor.numel();
  }
  return count;
}

/// Turns the learner to a test's classes. Nothing, or why it cannot serve them.
std::optional<std::string> refusal_of(PromptLearner& learner, const PlannedRun& run, const PlannedTest& test,
                                      const Workbench& bench) {
  try {
    const ClassNames names = class_names_of(test.dataset->split, test.classes);
    if (test.dataset != run.dataset) {
      Setting setting = run.setting;
      setting.unseen_class_names = names;
      create_learner(run, bench)->resolve(setting);  // says which class's prompt is too long
    }
    learner.retarget(names);
    return std::nullopt;
  } catch (const NotTransferable& refusal) {
    return refusal.what();
  } catch (const PromptTooLong& refusal) {
    return refusal.what();
  }
}

/// TrainedPrompt -> Evaluation -> Score.
Score score_on(const PlannedTest& test, PromptLearner& learner, OpenCaches& caches, const Workbench& bench) {
  const PlannedDataset& dataset = *test.dataset;
  const auto images = subset(dataset.split.test, dataset.split, test.classes);
  const Predictions predictions = evaluate(
      learner, read_features(caches.of(dataset), images, {kCentreView}, bench.spec().placement.device));
  const Metrics metrics = measure(predictions.labels, predictions.predicted);
  return {.dataset = dataset.spec.id,
          .class_set = std::string(to_string(test.classes)),
          .images = metrics.images,
          .correct = metrics.correct,
          .accuracy = metrics.accuracy,
          .macro_f1 = metrics.macro_f1,
          .predictions_hash = Hasher().add(std::as_bytes(std::span(predictions.predicted))).hex(),
          .split_hash = dataset.split_hash};
}

/// Makes one test, whatever comes of it.
void make_test(const PlannedTest& test, PromptLearner& learner, const PlannedRun& run, OpenCaches& caches,
               const Workbench& bench, RunOutcome& outcome, std::ostream& log) {
  if (const auto reason = refusal_of(learner, run, test, bench)) {
    outcome.refusals.push_back(
        {test.dataset->spec.id, std::string(to_string(test.classes)), *reason, test.dataset->split_hash});
    log << fmt::format("{}: cannot: {}\n", test.title(), *reason) << std::flush;
    return;
  }
  outcome.scores.push_back(score_on(test, learner, caches, bench));
  const Score& score = outcome.scores.back();
  log << fmt::format("{}: {:.2f} % ({} of {} images)\n", test.title(), score.accuracy, score.correct,
                     score.images)
      << std::flush;
}

/// A fault in the pictures of another dataset costs the test on it only.
void make_tests(PromptLearner& learner, const PlannedRun& run, OpenCaches& caches, const Workbench& bench,
                RunOutcome& outcome, std::ostream& log) {
  for (const PlannedTest& test : run.missing_tests) {
    check_interrupt();
    try {
      make_test(test, learner, run, caches, bench, outcome, log);
    } catch (const Error& fault) {
      if (test.dataset == run.dataset) throw;
      if (outcome.shortfall.empty()) outcome.shortfall = fmt::format("{}: {}", test.title(), fault.what());
      log << fmt::format("{}: failed: {}\n", test.title(), fault.what()) << std::flush;
    }
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

int64_t count_drawn_images(const PlannedRun& run) {
  const size_t validation = run.needs.validation_features ? run.draw.val.size() : 0;
  return static_cast<int64_t>(run.draw.train.size() + validation);
}

int64_t count_test_images(const RunOutcome& outcome) {
  int64_t images = 0;
  for (const Score& score : outcome.scores) images += score.images;
  return images;
}

/// TrainedPrompt -> file and ledger, before the tests: what goes wrong in them must not cost the training.
void keep_prompt(PromptLearner& learner, const PlannedRun& run, RunOutcome& outcome, Workbench& bench) {
  const NamedTensors state = trained_state(learner);
  outcome.draw_hash = run.draw.hash();
  outcome.class_names_hash = hash_class_names(run.setting);
  outcome.state_hash = hash_state(state);
  outcome.shots = count_shots(run);
  outcome.parameters = count_parameters(learner);
  outcome.execution.peak_memory = peak_memory();
  if (!state.empty()) {
    write_trained_prompt(prompt_path(bench.spec().ledger, run.id),
                         {.run = run.spec, .class_names = run.setting.class_names, .state = state});
  }
  bench.ledger().keep_training(run.id, outcome);
}

}  // namespace

void make_run(const PlannedRun& run, OpenCaches& caches, Workbench& bench, std::ostream& log) {
  Stopwatch watch;
  const Task task = make_task(run, caches, bench);
  auto learner = make_learner(run, task, bench);
  watch.lap("set-up");

  RunOutcome outcome;
  outcome.execution = describe_execution(bench, *run.method);
  if (run.trained) {
    restore_prompt(*learner, run, bench);
    watch.lap("restoring");
  } else {
    outcome.epochs = train_prompt(*learner, run, task, log);
    watch.lap("training");
    outcome.execution.seconds = watch.seconds();
    keep_prompt(*learner, run, outcome, bench);
  }

  make_tests(*learner, run, caches, bench, outcome, log);
  watch.lap("evaluation");
  outcome.execution.seconds = watch.seconds();
  outcome.execution.test_images = count_test_images(outcome);
  outcome.execution.cache_hits = count_drawn_images(run) + outcome.execution.test_images;
  outcome.execution.peak_memory = peak_memory();
  learner.reset();  // while the run is not done: a plugin may crash in its destructor, too
  bench.ledger().add_tests(run.id, outcome);
}

}  // namespace promptbed
