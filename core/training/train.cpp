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

namespace promptbed {
namespace {

using Clock = std::chrono::steady_clock;

// What a point's tensors are called; those of the optimiser follow its own prefix.
const std::string kTrainable = "trainable.", kOther = "other.", kOptimiser = "optimiser.";
const std::string kLosses = "losses", kOrder = "order";

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
    throw Error(fmt::format("the checkpoint has no tensor {}; delete it and train anew", name));
  return found->second;
}

/// Tensors of their own, since training goes on in the originals.
void append(NamedTensors& tensors, const std::string& prefix, const NamedTensors& more) {
  for (const auto& [name, tensor] : more) tensors.emplace_back(prefix + name, tensor.detach().cpu().clone());
}

void restore(const TrainingPoint& point, const std::string& prefix, const NamedTensors& into) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : into) {
    const Tensor& kept = tensor_of(point, prefix + name);
    if (kept.sizes() != tensor.sizes())
      throw Error(fmt::format("the checkpoint's {} has another shape; delete it and train anew", name));
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
        optimiser_(trainable_, recipe, steps_of_epoch_) {}

  std::vector<EpochRecord> run() {
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
    for (; step_ < steps; ++step_) {
      keep_if_due();
      check_interrupt();
      make_step(rows, stream);
    }
    learner_.epoch_end(epoch_, epochs_);
    record_epoch(steps);
  }

  void make_step(const EpochRows& rows, std::optional<PixelStream>& stream) {
    optimiser_.start_step(step_);
    optimiser_.zero_gradients();
    const int64_t begin = step_ * batch_size_, count = std::min(batch_size_, images_ - begin);
    Batch batch = take_rows(data_, rows, begin, count);
    if (stream) batch.pixels = stream->next(count).to(data_.labels.device());
    const Tensor loss = learner_.backward(batch);
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

  void keep_if_due() {
    if (aids_.keeper != nullptr && (interrupted() || aids_.keeper->is_due())) aids_.keeper->keep(point());
  }

  TrainingPoint point() {
    TrainingPoint point{
        .epoch = epoch_, .step = step_, .seconds = seconds(), .records = records_, .tensors = {}};
    append(point.tensors, kTrainable, trainable_);
    append(point.tensors, kOther, learner_.training_state());
    append(point.tensors, kOptimiser, optimiser_.state());
    append(point.tensors, "", {{kLosses, losses_}, {kOrder, order_state_}});
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
    NamedTensors of_optimiser;
    for (const auto& [name, tensor] : point.tensors) {
      if (name.starts_with(kOptimiser)) of_optimiser.emplace_back(name.substr(kOptimiser.size()), tensor);
    }
    optimiser_.load_state(of_optimiser);
  }

  PromptLearner& learner_;
  const FeatureSet& data_;
  EpochOrder& order_;
  const TrainingAids& aids_;
  NamedTensors trainable_;
  int64_t images_, batch_size_, steps_of_epoch_, steps_, epochs_;
  Optimiser optimiser_;
  std::vector<EpochRecord> records_;

  // The epoch under way.
  int64_t epoch_ = 0, step_ = 0;
  double seconds_before_ = 0;  // this attempt
  Clock::time_point start_;
  Tensor losses_;       // their sum
  Tensor order_state_;  // before it
};

}  // namespace

std::vector<EpochRecord> train(PromptLearner& learner, const FeatureSet& data, const Recipe& recipe,
                               EpochOrder& order, const TrainingAids& aids) {
  return Loop(learner, data, recipe, order, aids).run();
}

}  // namespace promptbed
