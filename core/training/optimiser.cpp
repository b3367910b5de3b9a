#include "training/optimiser.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace promptbed {
namespace {

constexpr double kBeta1 = 0.9, kBeta2 = 0.999;  // of Adam and AdamW

const std::string kMomentum = "momentum.", kSquare = "square.", kSteps = "steps.";

}  // namespace

Optimiser::Optimiser(const NamedTensors& trainable, const Recipe& recipe, int64_t steps_per_epoch)
    : kind_(recipe.optimiser),
      epsilon_(recipe.epsilon),
      groups_(recipe.groups),
      rates_per_epoch_(recipe.pace == RatePace::step ? steps_per_epoch : 1) {
  const int64_t rates =
      recipe.pace == RatePace::step ? steps_of(recipe, steps_per_epoch) : epochs_of(recipe, steps_per_epoch);
  for (const ParameterGroup& group : groups_) {
    rates_.emplace_back(rates, group.learning_rate, recipe.warmup_epochs * rates_per_epoch_,
                        recipe.warmup_learning_rate, recipe.end_learning_rate);
    current_rates_.push_back(rates_.back().at(0));
  }
  for (const auto& [name, tensor] : trainable) {
    const auto group =
        std::find_if(groups_.begin(), groups_.end(),
                     [&, &key = name](const ParameterGroup& g) { return key.starts_with(g.prefix); });
    if (group == groups_.end()) {
      throw Error(fmt::format(
          "tensor {} is in no optimiser group; add one with the prefix \"\" to the recipe", name));
    }
    slots_.push_back({name, tensor, static_cast<size_t>(group - groups_.begin())});
  }
}

void Optimiser::start_epoch(int64_t epoch) {
  epoch_ = epoch;
  start_step(0);
}

void Optimiser::start_step(int64_t step) {
  const int64_t place = epoch_ * rates_per_epoch_ + (rates_per_epoch_ > 1 ? step : 0);
  for (size_t group = 0; group < rates_.size(); ++group) current_rates_[group] = rates_[group].at(place);
}

double Optimiser::learning_rate() const {
  return current_rates_.front();
}

void Optimiser::step() {
  const at::NoGradGuard no_grad;
  for (Slot& slot : slots_) {
    if (!slot.parameter.grad().defined()) continue;
    const double rate = current_rates_[slot.group];
    if (kind_ == OptimiserKind::sgd) {
      step_sgd(slot, groups_[slot.group], rate);
    } else {
      step_adam(slot, groups_[slot.group], rate);
    }
  }
}

NamedTensors Optimiser::state() const {
  NamedTensors state;
  for (const Slot& slot : slots_) {
    if (slot.momentum.defined()) state.emplace_back(kMomentum + slot.name, slot.momentum);
    if (slot.square.defined()) state.emplace_back(kSquare + slot.name, slot.square);
    if (slot.steps > 0) state.emplace_back(kSteps + slot.name, at::tensor(slot.steps, torch::kLong));
  }
  return state;
}

void Optimiser::load_state(const NamedTensors& state) {
  const std::map<std::string, Tensor> kept(state.begin(), state.end());
  const auto copy_of = [&](const std::string& name, const Tensor& like) {
    const auto found = kept.find(name);
    return found == kept.end() ? Tensor()
                               : found->second.to(like.options(), /*non_blocking=*/false, /*copy=*/true);
  };
  for (Slot& slot : slots_) {
    slot.momentum = copy_of(kMomentum + slot.name, slot.parameter);
    slot.square = copy_of(kSquare + slot.name, slot.parameter);
    const auto steps = kept.find(kSteps + slot.name);
    if (steps != kept.end()) slot.steps = steps->second.item<int64_t>();
  }
}

void Optimiser::step_sgd(Slot& slot, const ParameterGroup& group, double rate) {
  const Tensor gradient = slot.parameter.grad().add(slot.parameter, group.weight_decay);
  if (slot.momentum.defined()) {
    slot.momentum.mul_(group.momentum).add_(gradient);
  } else {
    slot.momentum = gradient;
  }
  slot.parameter.add_(slot.momentum, -rate);
}

void Optimiser::step_adam(Slot& slot, const ParameterGroup& group, double rate) {
  if (!slot.momentum.defined()) {
    slot.momentum = at::zeros_like(slot.parameter);
    slot.square = at::zeros_like(slot.parameter);
  }
  Tensor gradient = slot.parameter.grad();
  if (kind_ == OptimiserKind::adamw) {
    slot.parameter.mul_(1 - rate * group.weight_decay);
  } else {
    gradient = gradient.add(slot.parameter, group.weight_decay);
  }
  const auto t = static_cast<double>(++slot.steps);
  slot.momentum.mul_(kBeta1).add_(gradient, 1 - kBeta1);
  slot.square.mul_(kBeta2).addcmul_(gradient, gradient, 1 - kBeta2);
  const Tensor denominator = slot.square.sqrt().div_(std::sqrt(1 - std::pow(kBeta2, t))).add_(epsilon_);
  slot.parameter.addcdiv_(slot.momentum, denominator, -rate / (1 - std::pow(kBeta1, t)));
}

}  // namespace promptbed
