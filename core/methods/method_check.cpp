#include "methods/method_check.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/signals.h"
#include "methods/check_learners.h"
#include "methods/comparisons.h"
#include "methods/guarded_learner.h"
#include "training/epoch_order.h"
#include "training/points_in_memory.h"
#include "training/recorder.h"

namespace promptbed {
namespace {

constexpr uint64_t kSeed = 1, kOtherSeed = 2;

/// A rule that the method breaks.
class Broken : public std::exception {
 public:
  explicit Broken(std::string why) : why_(std::move(why)) {}
  const char* what() const noexcept override { return why_.c_str(); }

 private:
  std::string why_;
};

/// A rule that says nothing about this method.
class Idle : public Broken {
 public:
  using Broken::Broken;
};

void require(bool kept, const std::string& why) {
  if (!kept) throw Broken(why);
}

class MethodCheck {
 public:
  MethodCheck(const CheckedMethod& method, const CheckTasks& tasks)
      : method_(method),
        learners_(method),
        tasks_(tasks),
        features_before_(tasks.trained.train.features.clone()),
        labels_before_(tasks.trained.train.labels.clone()),
        pixels_before_(tasks.trained.pixels.clone()) {}

  void create() const { method_.create(method_.options); }

  void resolve() const {
    const auto learner = method_.create(method_.options);
    const Options settled = learner->resolve(tasks_.trained);
    require(learner->resolve(tasks_.trained).values() == settled.values(),
            "settling the options a second time changes them");
    require(method_.create(settled)->resolve(tasks_.trained).values() == settled.values(),
            "a learner that is made with settled options settles them differently");
  }

  void needs() {
    const auto learner = method_.create(method_.options);
    learner->resolve(tasks_.trained);
    const Needs needs = learner->needs();
    takes_pixels_ = needs.pixels;
    const std::string wrong = wrong_with(needs, method_.training == Training::own_solver);
    require(wrong.empty(), "it " + wrong);
    rows_ = images_of(tasks_.trained);
  }

  void selection() const {
    const auto learner = method_.create(method_.options);
    learner->resolve(tasks_.trained);
    const bool asks = learner->needs().validation_features;
    const bool declares = method_.selection != Selection::none;
    require(!asks || declares, "it asks for validation features and is declared Selection::none");
    require(asks || !declares, "it declares a selection and asks for no validation features");
  }

  void recipe() const {
    if (method_.training == Training::own_solver) throw Idle("it has a solver of its own");
    const auto learner = method_.create(method_.options);
    learner->resolve(tasks_.trained);
    require(equal(learner->recipe(tasks_.trained), learner->recipe(tasks_.trained)),
            "it differs when it is asked for again");
  }

  void bind() const { learners_.bound(tasks_.trained, kSeed); }

  void logits() const { test_logits(*learners_.bound(tasks_.trained, kSeed), rows_); }

  void rows() const {
    if (method_.online) return rows_of_a_stream();
    const auto learner = trained(kSeed);
    const Tensor together = test_logits(*learner, rows_);
    require(close(together.flip(0), test_logits(*learner, rows_.flip(0))),
            "the logits of a row depend on the order of the batch");
    for (int64_t i = 0; i < rows_.size(0); ++i) {
      require(close(together.narrow(0, i, 1), test_logits(*learner, rows_.narrow(0, i, 1))),
              fmt::format("row {} has other logits alone than in a batch", i));
    }
  }

  void training() {
    if (method_.training == Training::none) {
      require(learners_.bound(tasks_.trained, kSeed)->trainable().empty(),
              "it is declared Training::none and has trainable tensors; declare it Training::trainable");
      throw Idle("it has nothing to train");
    }
    const auto learner = learners_.bound(tasks_.trained, kSeed);
    const NamedTensors leaves = learner->trainable(), before = copied(leaves);
    trains_itself_ = learners_.train(*learner, tasks_.trained, kSeed);
    if (trains_itself_) return;
    const NamedTensors after = learner->trainable();
    require(after.size() == leaves.size(), "trainable() returns more or fewer tensors after training");
    for (size_t i = 0; i < leaves.size(); ++i) {
      require(after[i].second.is_same(leaves[i].second),
              fmt::format("trainable() returns another {} than before; keep the tensor that is moved",
                          leaves[i].first));
      require(!at::equal(after[i].second.cpu(), before[i].second),
              fmt::format("{} is not moved by training", leaves[i].first));
    }
  }

  void gradients() const {
    skip_unless_looped();
    // Behind some training: a factor that starts at zero (LoRA's) hides the gradient of the other.
    const auto learner = trained(kSeed);
    const NamedTensors leaves = learner->trainable();
    std::vector<bool> flows(leaves.size());
    for (int64_t row = 0; row < rows_.size(0); ++row) {
      for (const auto& [name, leaf] : leaves) Tensor(leaf).mutable_grad() = Tensor();
      Batch batch = test_batch(rows_.narrow(0, row, 1), learner->needs());
      batch.images.fill_(row);
      batch.labels = tasks_.trained.train.labels.narrow(0, row, 1);
      learner->backward(batch);
      for (size_t i = 0; i < leaves.size(); ++i) {
        const Tensor& gradient = leaves[i].second.grad();
        require(gradient.defined(), fmt::format("{} gets no gradient", leaves[i].first));
        require(at::isfinite(gradient).all().item<bool>(),
                fmt::format("the gradient of {} is not finite", leaves[i].first));
        flows[i] = flows[i] || gradient.count_nonzero().item<int64_t>() > 0;
      }
    }
    for (size_t i = 0; i < leaves.size(); ++i)
      require(flows[i], fmt::format("the gradient of {} is zero on every image", leaves[i].first));
  }

  void outputs() const {
    const auto learner = trained(kSeed);
    if (!learner->offers().text_features) throw Idle("it offers no text features");
    Batch batch = test_batch(rows_, learner->needs());
    batch.labels = tasks_.trained.train.labels;
    const Outputs outputs = learner->outputs(batch);
    require(close(outputs.logits.detach(), learner->logits(batch).detach()),
            "the logits of outputs() are not those of logits()");
    require(close(outputs.loss.detach(), learner->loss(batch).detach()),
            "the loss of outputs() is not that of loss()");
  }

  void seed() const {
    at::manual_seed(kSeed);  // of LibTorch's own generator, which no method may draw from
    const auto first = trained(kSeed);
    at::manual_seed(kOtherSeed);
    const auto second = trained(kSeed);
    const std::string other = first_difference(copied(first->state()), copied(second->state()));
    require(other.empty(),
            fmt::format("{} differs for the same seed; draw from the task's generator only", other));
    require(at::equal(test_logits(*first, rows_), test_logits(*second, rows_)),
            "the logits differ for the same seed; draw from the task's generator only");
  }

  void resume() const {
    skip_unless_looped();
    const auto train_from = [&](std::optional<TrainingPoint> start) {
      const torch::Generator generator = seeded_generator(kSeed, "init");
      auto learner = learners_.bound(tasks_.trained, generator);
      PointsInMemory keeper(std::move(start));
      learners_.train(*learner, tasks_.trained, kSeed, {.keeper = &keeper, .generator = generator});
      return std::pair(std::move(learner), keeper.points());
    };
    const auto [whole, points] = train_from(std::nullopt);
    // Within an epoch, at the beginning of one, and before the end.
    for (const size_t at : {std::min<size_t>(1, points.size() - 1), points.size() / 2, points.size() - 1}) {
      const auto [resumed, none] = train_from(points.at(at));
      const std::string other = first_difference(copied(whole->state()), copied(resumed->state()));
      require(other.empty() && at::equal(test_logits(*whole, rows_), test_logits(*resumed, rows_)),
              fmt::format("{} when a new learner goes on from the middle; return what changes in training in "
                          "trainable() or training_state()",
                          other.empty() ? "the logits differ" : other + " differs"));
    }
  }

  void state() const {
    const auto learner = trained(kSeed);
    const NamedTensors saved = copied(learner->state());
    if (saved.empty() && method_.training == Training::none) throw Idle("it has nothing to save");
    require(!saved.empty(), "state() is empty after training; return what is to be saved");
    const auto fresh = learners_.bound(tasks_.trained, kOtherSeed);
    fresh->load_state(saved);
    require(
        close(test_logits(*learner, rows_), test_logits(*fresh, rows_)),
        "a fresh learner with the saved state gives other logits; return all that was learned in state()");
  }

  void load_state() const {
    const auto learner = trained(kSeed);
    const NamedTensors saved = copied(learner->state());
    if (saved.empty()) throw Idle("it has nothing to save");
    require(refuses(*learner, {}), "a state without its tensors is taken; throw Error for a missing one");
    NamedTensors wrong = saved;
    for (auto& [name, tensor] : wrong) tensor = at::cat({tensor.flatten(), tensor.flatten()});
    require(refuses(*learner, wrong), "tensors of other shapes are taken; throw Error if a shape differs");
  }

  void evaluation() const {
    const auto learner = trained(kSeed);
    const NamedTensors before = copied(learner->state());
    const Tensor first = test_logits(*learner, rows_);
    test_logits(*learner, images_of(tasks_.other));
    const std::string changed = first_difference(before, copied(learner->state()));
    require(changed.empty(), fmt::format("testing changes {} of the state", changed));
    if (method_.online) learner->retarget(tasks_.trained.class_names);
    require(close(first, test_logits(*learner, rows_)),
            "the same images have other logits when they are tested again");
  }

  void retarget() const {
    const auto learner = trained(kSeed);
    const NamedTensors saved = copied(learner->state());
    if (method_.online) learner->retarget(tasks_.trained.class_names);
    const Tensor own = test_logits(*learner, rows_);
    try {
      learner->retarget(tasks_.other.class_names);
    } catch (const NotTransferable& refusal) {
      throw Idle(refusal.what());
    }
    const Tensor other_rows = images_of(tasks_.other);
    const Tensor others = test_logits(*learner, other_rows);
    const auto fresh = learners_.bound(tasks_.other, kOtherSeed);
    if (!saved.empty()) fresh->load_state(saved);
    require(close(others, test_logits(*fresh, other_rows)),
            "the logits on other classes differ from those of a learner bound to them with the same state");
    learner->retarget(tasks_.trained.class_names);
    require(close(own, test_logits(*learner, rows_)),
            "back on the classes it was trained on it gives other logits");
  }

  void device() const {
    if (!tasks_.elsewhere) throw Idle("no other device is at hand");
    const auto compare = [&](PromptLearner& here, PromptLearner& there, const Tensor& images,
                             const std::string& when) {
      const Tensor logits = test_logits(there, images.to(tasks_.elsewhere->device)).cpu();
      require(close(test_logits(here, images), logits), "the logits differ from those on the CPU " + when);
    };
    compare(*learners_.bound(tasks_.trained, kSeed), *learners_.bound(*tasks_.elsewhere, kSeed), rows_,
            "before training");
    // Trainings are not compared: what is dropped at random may depend on how a device packs prompts.
    const auto here = trained(kSeed), there = learners_.trained(*tasks_.elsewhere, kSeed);
    if (const NamedTensors saved = copied(here->state()); !saved.empty()) there->load_state(saved);
    const auto on_classes = [&](const ClassNames& names) {
      here->retarget(names);
      there->retarget(names);
    };
    on_classes(tasks_.trained.class_names);
    compare(*here, *there, rows_, "with the state learned on the CPU");
    try {
      on_classes(tasks_.other.class_names);
    } catch (const NotTransferable&) {
      return;
    }
    compare(*here, *there, images_of(tasks_.other), "on other classes");
  }

  void repetition() const {
    skip_unless_looped();
    if (!tasks_.elsewhere) throw Idle("no other device is at hand");
    const auto learner = learners_.bound(*tasks_.elsewhere, kSeed);
    if (!learner->offers().repeatable_steps) throw Idle("it does not offer steps that can be repeated");
    const auto recorder = make_recorder(*learner, tasks_.elsewhere->device);
    if (recorder == nullptr) throw Idle("nothing records steps there");
    learners_.train(*learner, *tasks_.elsewhere, kSeed, {.recorder = recorder.get()});
    const auto computed = learners_.trained(*tasks_.elsewhere, kSeed);
    const std::string other = first_difference(copied(computed->state()), copied(learner->state()));
    require(other.empty(), fmt::format("{} differs if a step is recorded and repeated; let offers() not say "
                                       "repeatable_steps, or keep what changes in tensors on the device",
                                       other));
  }

  void part() const {
    const auto learner = trained(kSeed);
    ClassNames some = tasks_.trained.class_names;
    some.pop_back();
    std::ranges::reverse(some);
    try {
      learner->retarget(some);
    } catch (const NotTransferable& refusal) {
      throw Broken(fmt::format("it refuses {} of the {} classes it was trained on: {}", some.size(),
                               tasks_.trained.class_names.size(), refusal.what()));
    }
    test_logits(*learner, rows_);
  }

  void inputs() const {
    require(at::equal(features_before_, tasks_.trained.train.features) &&
                at::equal(labels_before_, tasks_.trained.train.labels) &&
                at::equal(pixels_before_, tasks_.trained.pixels),
            "it has changed the images or labels that it was given; work on copies");
  }

 private:
  /// An online method takes the rows of a batch one after the other, so that it does not matter where a batch
  /// ends.
  void rows_of_a_stream() const {
    const auto learner = trained(kSeed);
    learner->retarget(tasks_.trained.class_names);
    const Tensor together = test_logits(*learner, rows_);
    learner->retarget(tasks_.trained.class_names);
    for (int64_t i = 0; i < rows_.size(0); ++i) {
      require(close(together.narrow(0, i, 1), test_logits(*learner, rows_.narrow(0, i, 1))),
              fmt::format("row {} has other logits in a batch than after the rows before it", i));
    }
  }

  /// The training images, [N, D] or [N, 3, R, R].
  Tensor images_of(const CheckTask& task) const {
    return takes_pixels_ ? task.pixels : task.train.features.select(1, 0);
  }

  std::unique_ptr<PromptLearner> trained(uint64_t seed) const {
    return learners_.trained(tasks_.trained, seed);
  }

  void skip_unless_looped() const {
    if (method_.training == Training::none) throw Idle("it has nothing to train");
    if (trains_itself_) throw Idle("it trains itself in fit()");
  }

  static bool refuses(PromptLearner& learner, const NamedTensors& state) {
    try {
      learner.load_state(state);
      return false;
    } catch (const Error&) {
      return true;
    }
  }

  const CheckedMethod& method_;
  CheckLearners learners_;
  const CheckTasks& tasks_;
  bool takes_pixels_ = false;
  Tensor rows_;  // the training images, [N, D] or [N, 3, R, R]
  Tensor features_before_, labels_before_, pixels_before_;
  bool trains_itself_ = false;
};

struct Rule {
  std::string_view name;
  std::string_view statement;
  void (*apply)(MethodCheck& check);
  bool needed = false;  // without it the later ones cannot be tried
};

constexpr Rule kRules[] = {
    {"create", "it is made with its options", [](MethodCheck& c) { c.create(); }, true},
    {"resolve", "it settles its options, and settling them again changes nothing",
     [](MethodCheck& c) { c.resolve(); }, true},
    {"needs", "it asks for nothing that this runner cannot give", [](MethodCheck& c) { c.needs(); }, true},
    {"selection", "it says so if it chooses on validation images, and asks for them",
     [](MethodCheck& c) { c.selection(); }},
    {"recipe", "its recipe can be trained by and stays the same", [](MethodCheck& c) { c.recipe(); }, true},
    {"bind", "it takes a task", [](MethodCheck& c) { c.bind(); }, true},
    {"logits", "logits are finite and shaped [B, K]", [](MethodCheck& c) { c.logits(); }, true},
    {"training", "it can be trained, and all that is trainable moves", [](MethodCheck& c) { c.training(); },
     true},
    {"gradients", "every trainable tensor gets finite gradients", [](MethodCheck& c) { c.gradients(); }},
    {"outputs", "what it offers to methods on it is what it trains by and tests with",
     [](MethodCheck& c) { c.outputs(); }},
    {"rows", "each image is judged by itself, whatever else is in the batch",
     [](MethodCheck& c) { c.rows(); }},
    {"evaluation", "testing changes nothing that was learned", [](MethodCheck& c) { c.evaluation(); }},
    {"seed", "the same seed gives the same bits", [](MethodCheck& c) { c.seed(); }},
    {"resume", "training goes on from its middle to the same bits", [](MethodCheck& c) { c.resume(); }},
    {"state", "a fresh learner with the saved state gives the same logits",
     [](MethodCheck& c) { c.state(); }},
    {"load_state", "a state that does not fit is refused", [](MethodCheck& c) { c.load_state(); }},
    {"retarget", "it serves other classes as if it had been bound to them",
     [](MethodCheck& c) { c.retarget(); }},
    {"device", "on another device it computes there alone, and gives the CPU's numbers",
     [](MethodCheck& c) { c.device(); }},
    {"repetition", "a step that is recorded and repeated trains to the same bits",
     [](MethodCheck& c) { c.repetition(); }},
    {"part", "it serves some of the classes that it was trained on, in any order",
     [](MethodCheck& c) { c.part(); }},
    {"inputs", "what it is given stays as it was", [](MethodCheck& c) { c.inputs(); }},
};

RuleOutcome try_rule(const Rule& rule, MethodCheck& check) {
  try {
    rule.apply(check);
    return {};
  } catch (const Idle& idle) {
    return {Verdict::idle, idle.what()};
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& fault) {
    return {Verdict::broken, fault.what()};
  }
}

}  // namespace

std::string_view statement_of_rule(std::string_view rule) {
  const auto* found = std::find_if(std::begin(kRules), std::end(kRules),
                                   [&](const Rule& known) { return known.name == rule; });
  return found == std::end(kRules) ? std::string_view() : found->statement;
}

void check_method(const CheckedMethod& method, const CheckTasks& tasks, const CheckListener& listener) {
  MethodCheck check(method, tasks);
  for (const Rule& rule : kRules) {
    check_interrupt();
    listener.begin(rule.name);
    const RuleOutcome outcome = try_rule(rule, check);
    listener.end(rule.name, outcome);
    if (rule.needed && outcome.verdict == Verdict::broken) return;
  }
}

}  // namespace promptbed
