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
#include "clip/checkpoints/safetensors.h"
#include "prompts/trained_prompt.h"
#include "results/metrics.h"
#include "results/prompt_file.h"
#include "results/run_files.h"
#include "sweep/execution.h"
#include "sweep/measurements.h"
#include "sweep/run_checkpoint.h"
#include "sweep/run_images.h"
#include "sweep/run_log.h"
#include "sweep/tracking.h"
#include "training/cost.h"
#include "training/epoch_order.h"
#include "training/evaluate.h"
#include "training/recorder.h"
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
  void add(const std::string& phase, double seconds) { seconds_[phase] += seconds; }
  const std::map<std::string, double>& seconds() const { return seconds_; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point last_ = Clock::now();
  std::map<std::string, double> seconds_;
};

/// Throws Error if the bench has another version of a method than was planned.
void check_version(const Method& method, int64_t planned) {
  if (method.spec->version == planned) return;
  throw Error(fmt::format("{}: version {} was planned and its plugin has version {} now; sweep again",
                          method.name(), planned, method.spec->version));
}

/// The job's method. Throws Error if the bench has another version of it or its base, or another model, than
/// was planned.
const Method& method_of(const Job& job, const Workbench& bench) {
  const Method& method = bench.registry().at(job.run.method);
  check_version(method, job.run.method_version);
  if (const Method* base =
          bench.registry().base_of(method, bench.registry().options_of(method, job.run.options)))
    check_version(*base, job.run.base_version);
  const ClipModel& model = bench.inputs().model();
  if (model.fingerprint() != job.run.model || model.tokenizer_id() != job.run.tokenizer)
    throw Error(fmt::format("{}: is another model than the sweep was planned with; sweep again",
                            model.path().string()));
  return method;
}

/// What the method wants to keep, apart from its graph and device.
NamedTensors trained_state(PromptLearner& learner) {
  NamedTensors state = learner.state();
  for (auto& [name, tensor] : state) tensor = tensor.detach().to(torch::kCPU).contiguous().clone();
  return state;
}

std::string hash_of_tensors(const NamedTensors& state) {
  return hash_of_state(BytesOfTensors(state).bytes());
}

std::string hash_class_names(const Job& job) {
  Hasher hasher;
  for (const std::string& name : job.data->class_names) hasher.add(name);
  for (const std::string& name : job.data->new_class_names) hasher.add(name);
  return hasher.hex();
}

/// Images that the classes really have; zeros for a method without training.
ShotRange count_shots(const FewShotDraw& draw) {
  if (draw.train.empty()) return {};
  std::map<int64_t, int64_t> images_of;
  for (const Image& image : draw.train) ++images_of[image.label];
  const auto [least, most] = std::minmax_element(
      images_of.begin(), images_of.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return {least->second, most->second};
}

int64_t count_test_images(const RunOutcome& outcome) {
  int64_t images = 0;
  for (const Score& score : outcome.scores) images += score.images;
  return images;
}

/// One run in the making.
class Run {
 public:
  Run(const Job& job, const std::string& id, Workbench& bench, std::ostream& log)
      : job_(job), id_(id), bench_(bench), log_(log), method_(method_of(job, bench)) {}

  /// `keep` takes the training and the name of its pending prompt before the tests are made: what goes wrong
  /// in them must not cost it.
  RunOutcome make(const std::function<void(const RunOutcome& training, const std::string& prompt)>& keep) {
    Stopwatch watch;
    bind_learner();
    watch.lap("set-up");

    RunOutcome outcome;
    outcome.execution =
        describe_execution(bench_.spec(), bench_.registry().code_hash(method_, job_.run.options));
    if (job_.kept_state) {
      restore_prompt();
      watch.lap("restoring");
    } else {
      train_prompt(outcome, watch);
      watch.lap("training");
      outcome.execution.seconds = watch.seconds();
      const std::string prompt = write_prompt(outcome);
      keep(outcome, prompt);
    }

    make_tests(outcome);
    watch.lap("evaluation");
    outcome.execution.seconds = watch.seconds();
    outcome.execution.test_images = count_test_images(outcome);
    outcome.execution.cache_hits = count_cached(outcome);
    outcome.execution.peak_memory = peak_memory();
    learner_.reset();  // while the run is not done: a plugin may crash in its destructor, too
    return outcome;
  }

 private:
  bool trains() const { return method_.trainable(); }

  bool is_online() const {
    const MethodRegistry& registry = bench_.registry();
    return registry.is_online(method_, registry.options_of(method_, job_.run.options));
  }

  std::unique_ptr<PromptLearner> create_learner() const {
    const MethodRegistry& registry = bench_.registry();
    return registry.create(method_, registry.options_of(method_, job_.run.options));
  }

  void bind_learner() {
    learner_ = create_learner();
    static_cast<Setting&>(task_) = setting_of(job_, bench_.inputs().model());
    if (learner_->resolve(task_).values() != job_.run.options) {
      throw Error(fmt::format(
          "{}: settles its options differently when asked again; report it to the plugin's author",
          method_.name()));
    }
    fill_task();
    learner_->bind(task_);
  }

  void fill_task() {
    const Needs needs = learner_->needs();
    images_.emplace(job_, bench_, needs, is_online());
    if (trains()) train_images_ = images_->train();
    task_.train = train_images_.set;
    if (needs.validation_features) task_.validation = images_->validation();
    task_.text_encoder = bench_.inputs().text_encoder();
    task_.image_encoder = bench_.inputs().prompted_image_encoder();
    task_.logit_scale = bench_.inputs().model().logit_scale();
    task_.feature_width = bench_.inputs().model().embedding_width();
    task_.generator = seeded_generator(static_cast<uint64_t>(job_.run.seed), "init");
    task_.device = bench_.spec().placement.device;
  }

  void train_prompt(RunOutcome& outcome, Stopwatch& watch) {
    if (!trains() || learner_->fit(task_.train, task_.validation)) return;
    if (method_.has_own_solver()) {
      throw Error(fmt::format(
          "{}: declares a solver of its own, and its fit() did nothing; report it to the plugin's author",
          method_.name()));
    }
    const Recipe& recipe = *job_.run.recipe;
    const int64_t images = task_.train.labels.size(0);
    ShuffledOrder order(images, images_->are_pixels() ? 1 : task_.train.features.size(1),
                        static_cast<uint64_t>(job_.run.seed));
    const int64_t epochs = epochs_of(recipe, steps_of_epoch(images, recipe));
    std::optional<Tracking> tracking = make_tracking();
    const auto after_epoch = [&](const EpochRecord& epoch) {
      log_ << fmt::format("epoch {} of {}: loss {:.4f}, rate {:.6f}, {:.4f} s\n", epoch.epoch + 1, epochs,
                          epoch.loss, epoch.learning_rate, epoch.seconds)
           << std::flush;
      const int64_t done = epoch.epoch + 1;
      if (!tracking || (done % bench_.spec().track_new != 0 && done != epochs)) return;
      watch.lap("training");
      for (const TrackedAccuracy& tracked : tracking->measure(epoch.epoch)) {
        log_ << fmt::format("  {} {:.2f} %\n", tracked.class_set, tracked.accuracy) << std::flush;
        outcome.tracked.push_back(tracked);
      }
      watch.lap("tracking");
    };
    RunCheckpoint checkpoint({.path = checkpoint_path(bench_.spec().ledger, id_),
                              .run = id_,
                              .device = c10::DeviceTypeName(task_.device.type(), /*lower_case=*/true),
                              .track_new = bench_.spec().track_new,
                              .interval = std::chrono::minutes(bench_.spec().checkpoint_minutes)},
                             outcome, log_);
    std::unique_ptr<Recorder> recorder;
    if (bench_.spec().cuda_graphs) recorder = make_recorder(*learner_, task_.device);
    outcome.epochs = train(*learner_, task_.train, recipe, order,
                           {.after_epoch = after_epoch,
                            .pixels = train_images_.pixels.get(),
                            .keeper = &checkpoint,
                            .generator = task_.generator,
                            .recorder = recorder.get()});
    watch.add("training", checkpoint.earlier_seconds());
  }

  /// What tests the prompt in training; nothing unless it is asked for.
  std::optional<Tracking> make_tracking() {
    if (bench_.spec().track_new == 0) return std::nullopt;
    return std::optional<Tracking>(std::in_place, *learner_, task_, images_->own_test(ClassSet::base),
                                   images_->own_test(ClassSet::new_));
  }

  /// TrainedPrompt -> file, of which the name is returned. Fills in what the training leaves on record.
  std::string write_prompt(RunOutcome& outcome) {
    const NamedTensors state = trained_state(*learner_);
    outcome.draw_hash = job_.data->draw.hash();
    outcome.class_names_hash = hash_class_names(job_);
    outcome.state_hash = hash_of_tensors(state);
    outcome.shots = count_shots(job_.data->draw);
    outcome.parameters = count_parameters(*learner_);
    outcome.execution.peak_memory = peak_memory();
    if (state.empty()) return {};
    const std::filesystem::path pending = pending_prompt_path(bench_.spec().ledger, id_);
    write_trained_prompt(pending, {.run = job_.run, .class_names = job_.data->class_names, .state = state});
    return pending.filename().string();
  }

  /// Throws Error if the prompt's file is not what the ledger says.
  void restore_prompt() {
    if (!trains()) return;
    const auto path = prompt_path(bench_.spec().ledger, id_);
    learner_->load_state(read_trained_prompt(path).state);
    if (hash_of_tensors(trained_state(*learner_)) != *job_.kept_state) {
      throw Error(fmt::format("{}: is not the prompt that the ledger knows of; delete it and sweep again",
                              path.string()));
    }
  }

  /// A fault in another dataset costs the test on it alone.
  void make_tests(RunOutcome& outcome) {
    for (const JobTest& test : *job_.tests) {
      check_interrupt();
      try {
        make_test(test, outcome);
      } catch (const Error& fault) {
        if (test.dataset == job_.run.dataset) throw;
        if (outcome.shortfall.empty()) outcome.shortfall = fmt::format("{}: {}", test.title(), fault.what());
        log_ << fmt::format("{}: failed: {}\n", test.title(), fault.what()) << std::flush;
      }
    }
  }

  void make_test(const JobTest& test, RunOutcome& outcome) {
    const Split& split = bench_.datasets().split(test.dataset, test.split_hash);
    const std::string classes(to_string(test.classes));
    if (const auto reason = refusal_of(test, split)) {
      outcome.refusals.push_back({test.dataset, classes, *reason, test.test_set()});
      log_ << fmt::format("{}: cannot: {}\n", test.title(), *reason) << std::flush;
      return;
    }
    const Metrics metrics = score_on(test, split, outcome);
    log_ << fmt::format("{}: {:.2f} % ({} of {} images)\n", test.title(), metrics.accuracy, metrics.correct,
                        metrics.images)
         << std::flush;
  }

  /// Images of which the features were read, not the pixels.
  int64_t count_cached(const RunOutcome& outcome) const {
    const auto rows = [](const FeatureSet& set) { return set.features.defined() ? set.labels.size(0) : 0; };
    return rows(task_.train) + rows(task_.validation) +
           (images_->are_pixels() ? 0 : outcome.execution.test_images);
  }

  /// Turns the learner to a test's classes. Nothing, or why it cannot serve them.
  std::optional<std::string> refusal_of(const JobTest& test, const Split& split) {
    try {
      const ClassNames names = class_names_of(split, test.classes);
      if (test.dataset != job_.run.dataset) {
        Setting setting = task_;
        setting.new_class_names = names;
        create_learner()->resolve(setting);  // says which class's prompt is too long
      }
      learner_->retarget(names);
      return std::nullopt;
    } catch (const NotTransferable& refusal) {
      return refusal.what();
    } catch (const PromptTooLong& refusal) {
      return refusal.what();
    }
  }

  /// Measures on the way what a test of both halves tells.
  Predictions predict(const JobTest& test, const Split& split, const ShownImages& images,
                      Measurements& measurements) {
    if (!tells_halves_apart(test, split)) return evaluate(*learner_, images);
    const auto base_classes = static_cast<int64_t>(class_names_of(split, ClassSet::base).size());
    UnionPredictions of_both = evaluate_union(*learner_, images, base_classes);
    measurements.add_open_world(of_both, base_classes);
    return of_both;  // as predictions among all classes
  }

  /// TrainedPrompt -> predictions -> Score.
  Metrics score_on(const JobTest& test, const Split& split, RunOutcome& outcome) {
    const ShownImages images = images_->test(test);
    Measurements measurements(test, outcome);
    const Predictions predictions = predict(test, split, images, measurements);
    const Metrics metrics = measure(predictions.labels, predictions.predicted);
    measurements.add(measured::kPerClass, metrics.per_class);
    if (method_.spec->probabilities) measurements.add_calibration(predictions);
    outcome.scores.push_back(
        {.dataset = test.dataset,
         .class_set = std::string(to_string(test.classes)),
         .images = metrics.images,
         .correct = metrics.correct,
         .accuracy = metrics.accuracy,
         .macro_f1 = metrics.macro_f1,
         .predictions_hash = Hasher().add(std::as_bytes(std::span(predictions.predicted))).hex(),
         .split_hash = test.test_set()});
    return metrics;
  }

  /// Whether a test is on both halves of a dataset whose second half was not trained on.
  bool tells_halves_apart(const JobTest& test, const Split& split) const {
    return test.classes == ClassSet::all && test.dataset == job_.run.dataset &&
           job_.run.classes != to_string(ClassSet::all) && split.class_names.size() > 1;
  }

  const Job& job_;
  const std::string& id_;
  Workbench& bench_;
  std::ostream& log_;
  const Method& method_;
  Task task_;
  std::unique_ptr<PromptLearner> learner_;
  std::optional<RunImages> images_;
  ShownImages train_images_;
};

/// Datasets that a job is trained or tested on.
std::set<std::string> datasets_of(const Job& job) {
  std::set<std::string> datasets = {job.run.dataset};
  for (const JobTest& test : *job.tests) datasets.insert(test.dataset);
  return datasets;
}

}  // namespace

Setting setting_of(const Job& job, const ClipModel& model) {
  Setting setting;
  setting.dataset = job.run.dataset;
  // Both train the same, and share their runs.
  setting.protocol = job.protocol == Protocol::open_world ? Protocol::base_new : job.protocol;
  setting.shots = job.run.shots;
  setting.class_names = job.data->class_names;
  setting.new_class_names = job.data->new_class_names;
  setting.prompt_template = job.run.prompt_template;
  setting.context_init = job.run.context_init;
  setting.tokenizer = model.tokenizer();
  setting.context_length = model.context_length();
  setting.text_blocks = model.text_blocks();
  setting.image_blocks = model.image_blocks();
  setting.descriptions = job.data->descriptions;
  return setting;
}

JobOutcome make_job(const Job& job, Workbench& bench,
                    const std::function<void(const JobOutcome& trained)>& report) {
  JobOutcome end{.run = job.run.id()};
  std::optional<RunLog> log;
  const auto log_end = [&](const std::string& text) {
    if (log) log->out() << text << '\n';
  };
  try {
    log.emplace(log_path(bench.spec().ledger, end.run),
                fmt::format("{}, attempt {}", job.title(), job.attempt));
    bench.datasets().keep_only(datasets_of(job));
    end.outcome =
        Run(job, end.run, bench, log->out()).make([&](const RunOutcome& training, const std::string& prompt) {
          report({.run = end.run, .stage = JobStage::trained, .outcome = training, .prompt = prompt});
        });
    log_end("done");
  } catch (const Interrupted&) {
    end.stage = JobStage::interrupted;
    log_end("interrupted");
  } catch (const std::exception& fault) {
    // Also LibTorch's own errors, of which the first line says what was wrong; the log has the whole.
    const std::string text = fault.what();
    end.stage = JobStage::failed;
    end.error = text.substr(0, text.find('\n'));
    log_end("failed: " + text);
  }
  return end;
}

}  // namespace promptbed
