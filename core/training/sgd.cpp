#include "training/sgd.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>

#include "training/learning_rate.h"

namespace promptbed {

Sgd::Sgd(const NamedTensors& trainable, const Recipe& recipe) : groups_(recipe.groups) {
  for (const ParameterGroup& group : groups_) {
    rates_.push_back(learning_rates(recipe.epochs, group.learning_rate, recipe.warmup_epochs,
                                    recipe.warmup_learning_rate));
  }
  for (const auto& [name, tensor] : trainable) {
    const auto group =
        std::find_if(groups_.begin(), groups_.end(),
                     [&, &key = name](const ParameterGroup& g) { return key.starts_with(g.prefix); });
    if (group == groups_.end()) {
      throw Error(fmt::format(
          "tensor {} is in no optimiser group; add one with the prefix \"\" to the recipe", name));
    }
    slots_.push_back({tensor, Tensor(), static_cast<size_t>(group - groups_.begin())});
  }
}

void Sgd::start_epoch(int64_t epoch) {
  epoch_ = epoch;
}

double Sgd::learning_rate() const {
  return rates_.front().at(epoch_);
}

void Sgd::zero_gradients() {
  for (Slot& slot : slots_) slot.parameter.mutable_grad() = Tensor();
}

void Sgd::step() {
  const at::NoGradGuard no_grad;
  for (Slot& slot : slots_) {
    if (!slot.parameter.grad().defined()) continue;
    const ParameterGroup& group = groups_[slot.group];
    const Tensor gradient = slot.parameter.grad().add(slot.parameter, group.weight_decay);
    if (slot.momentum.defined()) {
      slot.momentum.mul_(group.momentum).add_(gradient);
    } else {
      slot.momentum = gradient;
    }
    slot.parameter.add_(slot.momentum, -rates_[slot.group].at(epoch_));
  }
}

}  // namespace promptbed
