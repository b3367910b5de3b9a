#include "methods/border_checks.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <set>

namespace promptbed {
namespace {

bool is_rate(double value) {
  return std::isfinite(value) && value >= 0;
}

/// The first fault of tensors that are kept by name; `wrong` tells what else may be wrong with one.
template <class Check>
std::string wrong_with_named(const NamedTensors& tensors, Check&& wrong) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : tensors) {
    if (name.empty()) return "returned a tensor without a name";
    if (!names.insert(name).second) return fmt::format("returned two tensors with the name {}", name);
    if (!tensor.defined()) return fmt::format("returned no tensor for the name {}", name);
    if (const std::string fault = wrong(tensor); !fault.empty())
      return fmt::format("returned {} {}", name, fault);
  }
  return "";
}

}  // namespace

std::string wrong_with(const Options& options, const Options& declared) {
  for (const auto& [name, value] : declared.values()) {
    const auto found = options.values().find(name);
    if (found == options.values().end())
      return fmt::format("left out the option {}; return the options that the method was made with", name);
    if (found->second.index() != value.index())
      return fmt::format("gave the option {} a value of another type", name);
  }
  if (options.values().size() > declared.values().size()) return "returned options that are not declared";
  return "";
}

std::string wrong_with(const Recipe& recipe) {
  if (recipe.epochs < 1) return fmt::format("asks for {} epochs, and it takes one", recipe.epochs);
  if (recipe.batch_size < 1) return fmt::format("asks for batches of {} images", recipe.batch_size);
  if (recipe.warmup_epochs < 0) return fmt::format("asks for {} warm-up epochs", recipe.warmup_epochs);
  if (!is_rate(recipe.warmup_learning_rate))
    return fmt::format("asks for a warm-up learning rate of {}", recipe.warmup_learning_rate);
  if (!is_rate(recipe.epsilon)) return fmt::format("asks for an epsilon of {}", recipe.epsilon);
  if (recipe.groups.empty()) return "has no optimiser group; add one with the prefix \"\"";
  for (const ParameterGroup& group : recipe.groups) {
    for (const double value : {group.learning_rate, group.momentum, group.weight_decay}) {
      if (!is_rate(value))
        return fmt::format("has {} in the optimiser group \"{}\", where a number from 0 on belongs", value,
                           group.prefix);
    }
  }
  return "";
}

std::string wrong_with_logits(const Tensor& logits, int64_t rows, std::optional<int64_t> classes) {
  if (!logits.defined()) return "returned no tensor";
  if (logits.dim() != 2 || logits.size(0) != rows || (classes && logits.size(1) != *classes)) {
    return fmt::format("returned {} and not [{}, {}], a row an image and a column a class", shape_of(logits),
                       rows, classes ? std::to_string(*classes) : "K");
  }
  if (!logits.is_floating_point()) return "returned whole numbers and not floating-point ones";
  if (!at::isfinite(logits).all().item<bool>())
    return "returned numbers that are not finite; where training diverges, lower the learning rate with --lr";
  return "";
}

std::string wrong_with_loss(const Tensor& loss) {
  if (!loss.defined()) return "returned no tensor";
  if (loss.dim() != 0)
    return fmt::format("returned {} and not one number; average the loss with mean()", shape_of(loss));
  return "";
}

std::string wrong_with_trainable(const NamedTensors& tensors) {
  return wrong_with_named(tensors, [](const Tensor& tensor) -> std::string {
    if (!tensor.is_floating_point()) return "which holds whole numbers";
    if (!tensor.is_leaf())
      return "which is no leaf; call requires_grad_() on the tensor itself, after all arithmetic";
    if (!tensor.requires_grad()) return "which requires no gradient; call requires_grad_() in bind()";
    return "";
  });
}

std::string wrong_with_state(const NamedTensors& tensors) {
  return wrong_with_named(tensors, [](const Tensor&) { return std::string(); });
}

std::string shape_of(const Tensor& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.sizes(), ", "));
}

}  // namespace promptbed
