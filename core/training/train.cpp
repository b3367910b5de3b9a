#include "training/train.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>

#include "base/signals.h"
#include "training/optimiser.h"
#include "training/step_gradients.h"

namespace promptbed {
namespace {

using Clock = std::chrono::steady_clock;

// What a point's tensors are called; those of the optimiser follow its own prefix.
const std::string kTrainable = "trainable.", kOther = "other.", kOptimiser = "optimiser.";
const std::string kLosses = "losses", kOrder = "order", kGenerator = "generator";

NamedTensors trainable_of(PromptLearner& learner) {
  NamedTensors trainable = learner.trainable();
  if (trainable.empty())
    throw Error("there is nothing to train: trainable() is empty and fit() does not train; fix the plugin");
  return trainable;
}

int64_t batch_size_of(const Recipe& recipe, int64_t images) {
  const int64_t size = std::min(recipe.batch_size, images);
  if (size < 1) {
    throw Error(fmt::format("cannot train on {} images in batches of {}; give at least one of each", images,
                            recipe.batch_size));
  }
  return size;
}

const Tensor& tensor_of(const TrainingPoint& point, const std::string& name) {
  const auto found = std::ranges::find(point.tensors, name, &NamedTensors::value_type::first);
  if (found == point.tensors.end())
    throw Error(fmt::format("the run's checkpoint has no tensor {}; delete it and train anew", name));
  return found->second;
}

/// Tensors of their own, since training goes on in the originals.
void add_prefixed(NamedTensors& tensors, const std::string& prefix, const NamedTensors& more) {
  for (const auto& [name, tensor] : more) tensors.emplace_back(prefix + name, tensor.detach().cpu().clone());
}

void restore(const TrainingPoint& point, const std::string& prefix, const NamedTensors& into) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : into) {
    const Tensor& kept = tensor_of(point, prefix + name);
    if (kept.sizes() != tensor.sizes())
      throw Error(
          fmt::format("{} has another shape in the run's checkpoint; delete it and train anew", name));
    Tensor(tensor).copy_(kept);
  }
}

/// The host's loop over epochs and steps.
class Loop {
 public:
  Loop(PromptLearner& learner, const FeatureSet& data, const Recipe& recipe, EpochOrder& order,
       const TrainingAids& aids)
      : learner_(learner),
        data_(data),
        order_(order),
        aids_(aids),
        trainable_(trainable_of(learner)),
        images_(data.labels.size(0)),
        batch_size_(batch_size_of(recipe, images_)),
        steps_of_epoch_(promptbed::steps_of_epoch(images_, recipe)),
        steps_(steps_of(recipe, steps_of_epoch_)),
        epochs_(epochs_of(recipe, steps_of_epoch_)),
        gradients_(learner, batch_size_, aids.recorder),
        optimiser_(trainable_, recipe, steps_of_epoch_) {}

  std::vector<EpochRecord> make_epochs() {
    begin_epoch(0);
    if (aids_.keeper != nullptr) {
      if (const auto earlier = aids_.keeper->earlier()) go_on_from(*earlier);
    }
    while (epoch_ < epochs_) {
      make_epoch();
      begin_epoch(epoch_ + 1);
    }
    return std::move(records_);
  }

 private:
  void begin_epoch(int64_t epoch) {
    epoch_ = epoch;
    step_ = 0;
    seconds_before_ = 0;
    losses_ = at::zeros({}, data_.labels.options().dtype(torch::kFloat));
  }

  void make_epoch() {
    start_ = Clock::now();
    order_state_ = order_.state();
    const EpochRows rows = order_.rows(epoch_);
    const int64_t steps = std::min(steps_of_epoch_, steps_ - epoch_ * steps_of_epoch_);
    optimiser_.start_epoch(epoch_);
    const int64_t done = step_ * batch_size_;
    std::optional<PixelStream> stream;
    if (aids_.pixels != nullptr) {
      const Tensor ahead = rows.images.narrow(0, done, images_ - done);
      stream.emplace(*aids_.pixels, ahead, epoch_);
    }
    for (; step_ < steps; ++step_) make_step(rows, stream, step_ + 1 == steps);
    keeping(before_end_, [&] {
      learner_.epoch_end(epoch_, epochs_);
      record_epoch(steps);
    });
  }

  /// A step may be interrupted in its middle, where nothing but the generator has moved.
  void make_step(const EpochRows& rows, std::optional<PixelStream>& stream, bool is_last) {
    if (aids_.keeper != nullptr) {
      if (aids_.generator) generator_state_ = aids_.generator->get_state();
      if (aids_.keeper->is_due()) aids_.keeper->keep(point());
      if (is_last) before_end_ = point();
    }
    keeping(std::nullopt, [&] {
      check_interrupt();
      take_step(rows, stream);
    });
  }

  /// Does `work`; if that is interrupted, keeps `earlier` or, without one, where the training stands.
  template <class Work>
  void keeping(const std::optional<TrainingPoint>& earlier, const Work& work) {
    try {
      work();
    } catch (const Interrupted&) {
      if (aids_.keeper != nullptr) aids_.keeper->keep(earlier ? *earlier : point());
      throw;
    }
  }

  void take_step(const EpochRows& rows, std::optional<PixelStream>& stream) {
    optimiser_.start_step(step_);
    const int64_t begin = step_ * batch_size_, count = std::min(batch_size_, images_ - begin);
    Batch batch = take_rows(data_, rows, begin, count);
    if (stream) batch.pixels = stream->next(count).to(data_.labels.device(), /*non_blocking=*/true);
    const Tensor loss = gradients_.compute(batch);
    optimiser_.step();
    losses_ += loss;
    if (aids_.after_step) aids_.after_step(loss);
  }

  void record_epoch(int64_t steps) {
    const double mean = losses_.item<double>() / static_cast<double>(steps);
    if (!std::isfinite(mean)) {
      throw Error(fmt::format("the loss is {} in epoch {} of {}; lower the learning rate with --lr", mean,
                              epoch_ + 1, epochs_));
    }
    records_.push_back({epoch_, mean, optimiser_.learning_rate(), seconds()});
    if (aids_.after_epoch) aids_.after_epoch(records_.back());
  }

  double seconds() const {
    return seconds_before_ + std::chrono::duration<double>(Clock::now() - start_).count();
  }

  TrainingPoint point() {
    TrainingPoint point{
        .epoch = epoch_, .step = step_, .seconds = seconds(), .records = records_, .tensors = {}};
    add_prefixed(point.tensors, kTrainable, trainable_);
    add_prefixed(point.tensors, kOther, learner_.training_state());
    add_prefixed(point.tensors, kOptimiser, optimiser_.state());
    add_prefixed(point.tensors, "", {{kLosses, losses_}, {kOrder, order_state_}});
    if (aids_.generator) add_prefixed(point.tensors, "", {{kGenerator, generator_state_}});
    return point;
  }

  void go_on_from(const TrainingPoint& point) {
    begin_epoch(point.epoch);
    step_ = point.step;
    seconds_before_ = point.seconds;
    records_ = point.records;
    restore(point, kTrainable, trainable_);
    restore(point, kOther, learner_.training_state());
    restore(point, "", {{kLosses, losses_}});
    order_.go_on_from(tensor_of(point, kOrder));
    if (aids_.generator) aids_.generator->set_state(tensor_of(point, kGenerator));
    NamedTensors of_optimiser;
    for (const auto& [name, tensor] : point.tensors) {
      if (name.starts_with(kOptimiser)) of_optimiser.emplace_back(name.substr(kOptimiser.size()), tensor);
    }
    optimiser_.load_state(of_optimiser);
  }

  PromptLearner& learner_;
  const FeatureSet& data_;
  EpochOrder& order_;
  TrainingAids aids_;
  NamedTensors trainable_;
  int64_t images_, batch_size_, steps_of_epoch_, steps_, epochs_;
  StepGradients gradients_;
  Optimiser optimiser_;
  std::vector<EpochRecord> records_;

  // The epoch under way.
  int64_t epoch_ = 0, step_ = 0;
  double seconds_before_ = 0;  // spent on it by earlier attempts
  Clock::time_point start_;
  Tensor losses_;                            // the sum so far
  Tensor order_state_;                       // before its rows were drawn
  Tensor generator_state_;                   // before the step under way
  std::optional<TrainingPoint> before_end_;  // before its last step
};

}  // namespace

std::vector<EpochRecord> train(PromptLearner& learner, const FeatureSet& data, const Recipe& recipe,
                               EpochOrder& order, const TrainingAids& aids) {
  return Loop(learner, data, recipe, order, aids).make_epochs();
}

}  // namespace promptbed
