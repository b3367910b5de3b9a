#include "methods/guarded_learner.h"

#include <ATen/ATen.h>
#include <ATen/MemoryOverlap.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <new>
#include <set>
#include <utility>

#include "base/signals.h"
#include "base/text.h"
#include "clip/checkpoints/safetensors.h"
#include "methods/wrapping.h"

namespace promptbed {
namespace {

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

/// What f32, the type of tensors, can hold.
bool is_rate(double value) {
  return value >= 0 && value <= std::numeric_limits<float>::max();
}

std::string wrong_with_form(const Tensor& logits, int64_t rows, std::optional<int64_t> classes) {
  if (!logits.defined()) return "returned no tensor";
  if (logits.dim() != 2 || logits.size(0) != rows || (classes && logits.size(1) != *classes)) {
    return fmt::format("returned {} and not [{}, {}], a row per image and a column per class",
                       shape_of(logits), rows, classes ? std::to_string(*classes) : "K");
  }
  return logits.is_floating_point() ? "" : "returned whole numbers and not floating-point ones";
}

/// The first fault of tensors that are kept by name; `wrong` says what else may be wrong with one.
template <class Check>
std::string wrong_with_named(const NamedTensors& tensors, Check&& wrong) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : tensors) {
    if (name.empty()) return "returned a tensor without a name";
    if (printable(name) != name || name == kSafetensorsMetadata)
      return fmt::format("returned a tensor with the name {}, which a file cannot have", printable(name));
    if (!names.insert(name).second) return fmt::format("returned two tensors with the name {}", name);
    if (!tensor.defined()) return fmt::format("returned no tensor for the name {}", name);
    if (const std::string fault = wrong(tensor); !fault.empty())
      return fmt::format("returned {} {}", name, fault);
  }
  return "";
}

Needs all_of(const Needs& a, const Needs& b) {
  return {.validation_features = a.validation_features || b.validation_features,
          .gradients_at_evaluation = a.gradients_at_evaluation || b.gradients_at_evaluation,
          .views_at_test = std::max(a.views_at_test, b.views_at_test),
          .pixels = a.pixels || b.pixels,
          .descriptions = a.descriptions || b.descriptions};
}

int64_t rows_of(const Batch& batch) {
  return (batch.features.defined() ? batch.features : batch.pixels).size(0);
}

class GuardedLearner final : public PromptLearner {
 public:
  GuardedLearner(std::unique_ptr<PromptLearner> learner, MethodOrigin origin, const Options& declared,
                 std::shared_ptr<PromptLearner> base)
      : base_(std::move(base)),
        learner_(std::move(learner)),
        origin_(std::move(origin)),
        declared_(declared) {}

  ~GuardedLearner() override {
    const CrashScope scope(origin_.plugin.c_str(), "its destructor");
    learner_.reset();
  }

  Needs needs() const override {
    const Needs own = call("needs", [&] { return learner_->needs(); });
    return base_ ? all_of(own, base_->needs()) : own;
  }
  Offers offers() const override {
    Offers own = call("offers", [&] { return learner_->offers(); });
    if (base_) own.repeatable_steps = own.repeatable_steps && base_->offers().repeatable_steps;
    return own;
  }
  Options resolve(const Setting& setting) override {
    Options of_base;
    if (base_) of_base = call("resolve", [&] { return base_->resolve(setting); });
    Options options = checked("resolve", call("resolve", [&] { return learner_->resolve(setting); }),
                              [&](const Options& own) { return wrong_with(own, declared_); });
    options.add(kBasePrefix, of_base);
    return options;
  }
  Recipe recipe(const Setting& setting) const override {
    return checked("recipe", call("recipe", [&] { return learner_->recipe(setting); }),
                   [](const Recipe& recipe) { return wrong_with(recipe); });
  }
  void bind(const Task& task) override {
    call("bind", [&] { learner_->bind(task); });
    classes_ = static_cast<int64_t>(task.class_names.size());
  }
  Tensor logits(const Batch& batch) override {
    return checked("logits", call("logits", [&] { return learner_->logits(batch); }),
                   [&](const Tensor& logits) { return wrong_with_logits(logits, rows_of(batch), classes_); });
  }
  Tensor loss(const Batch& batch) override {
    return checked("loss", call("loss", [&] { return learner_->loss(batch); }), wrong_with_loss);
  }
  Outputs outputs(const Batch& batch) override {
    return checked(
        "outputs", call("outputs", [&] { return learner_->outputs(batch); }),
        [&](const Outputs& outputs) { return wrong_with_outputs(outputs, rows_of(batch), classes_); });
  }
  Tensor backward(const Batch& batch) override {
    return checked("backward", call("backward", [&] { return learner_->backward(batch); }), wrong_with_loss);
  }
  bool fit(const FeatureSet& train, const FeatureSet& validation) override {
    return call("fit", [&] { return learner_->fit(train, validation); });
  }
  void epoch_end(int64_t epoch, int64_t epochs) override {
    call("epoch_end", [&] { learner_->epoch_end(epoch, epochs); });
  }
  NamedTensors trainable() override {
    return checked("trainable", call("trainable", [&] { return learner_->trainable(); }),
                   wrong_with_trainable);
  }
  NamedTensors training_state() override {
    NamedTensors tensors =
        checked("training_state", call("training_state", [&] { return learner_->training_state(); }),
                wrong_with_state);
    if (!base_) return tensors;
    for (auto& [name, tensor] : base_->training_state())
      tensors.emplace_back(std::string(kBasePrefix) + name, tensor);
    return tensors;
  }
  NamedTensors state() override {
    return checked("state", call("state", [&] { return learner_->state(); }), wrong_with_state);
  }
  void load_state(const NamedTensors& state) override {
    call("load_state", [&] { learner_->load_state(state); });
  }
  void retarget(const ClassNames& class_names) override {
    call("retarget", [&] { learner_->retarget(class_names); });
    classes_ = static_cast<int64_t>(class_names.size());
  }

 private:
  template <class Action>
  auto call(const char* name, Action&& action) const -> decltype(action()) {
    return at_plugin_border(origin_, name, std::forward<Action>(action));
  }

  /// The result of a call; `wrong_with` says in words what is wrong with it, or "".
  template <class Result, class Check>
  Result checked(const char* name, Result result, Check&& wrong_with) const {
    const std::string wrong = wrong_with(result);
    if (!wrong.empty()) origin_.fault(fmt::format("{}() {}", name, wrong));
    return result;
  }

  std::shared_ptr<PromptLearner> base_;  // of a wrapper, which owns it, too
  std::unique_ptr<PromptLearner> learner_;
  MethodOrigin origin_;
  Options declared_;
  std::optional<int64_t> classes_;  // that it serves; none before bind()
};

}  // namespace

void MethodOrigin::fault(const std::string& what) const {
  throw PluginFault(
      fmt::format("{} (plugin {}): {}; fix the plugin or leave the method out", method, plugin, what));
}

std::unique_ptr<PromptLearner> guard(std::unique_ptr<PromptLearner> learner, MethodOrigin origin,
                                     const Options& declared, std::shared_ptr<PromptLearner> base) {
  if (learner == nullptr) origin.fault("create() made no learner");
  return std::make_unique<GuardedLearner>(std::move(learner), std::move(origin), declared, std::move(base));
}

void rethrow_from_plugin(const MethodOrigin& origin, const char* call) {
  const auto fault = [&](const std::string& message) {
    origin.fault(message.empty() ? fmt::format("{}() threw an exception that says nothing", call)
                                 : fmt::format("{}() threw \"{}\"", call, first_line(message)));
  };
  const auto named = [&](const Error& error) {
    return fmt::format("{}: {}", origin.method, first_line(error.what()));
  };
  try {
    throw;
  } catch (const Interrupted&) {
    throw;
  } catch (const PluginFault&) {
    throw;
  } catch (const PromptTooLong& error) {
    throw PromptTooLong(named(error));
  } catch (const NotTransferable& error) {
    throw NotTransferable(named(error));
  } catch (const Error& error) {
    throw Error(named(error));
  } catch (const std::bad_alloc&) {
    throw Error(fmt::format("{}: memory ran out in {}(); use fewer --jobs or a smaller --batch-size",
                            origin.method, call));
  } catch (const c10::Error& error) {
    fault(error.what_without_backtrace());
  } catch (const std::exception& error) {
    fault(error.what());
  } catch (...) {
    origin.fault(fmt::format("{}() threw something that is no exception", call));
  }
  std::terminate();  // not reached: every branch throws
}

std::string wrong_with(const Needs& needs, bool has_own_solver) {
  constexpr int64_t kMostViews = 10'000;
  if (needs.pixels && has_own_solver) return "needs pixels and has a solver of its own, which is given none";
  if (needs.views_at_test < 0 || needs.views_at_test > kMostViews)
    return fmt::format("needs {} views at test; give 0 to {}", needs.views_at_test, kMostViews);
  if (needs.pixels && needs.views_at_test > 0)
    return "needs pixels, of which tests show the centre, and several views at test";
  return "";
}

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
  constexpr int64_t kMost = 1'000'000'000;
  for (const auto& [count, what] :
       {std::pair(recipe.epochs, "epochs"), std::pair(recipe.iterations, "iterations"),
        std::pair(recipe.warmup_epochs, "warm-up epochs")}) {
    if (count > kMost) return fmt::format("asks for {} {}, and {} are the most", count, what, kMost);
  }
  if (recipe.epochs < 1) return fmt::format("asks for {} epochs, and it takes one", recipe.epochs);
  if (recipe.iterations < 0) return fmt::format("asks for {} iterations", recipe.iterations);
  if (recipe.batch_size < 1) return fmt::format("asks for batches of {} images", recipe.batch_size);
  if (recipe.warmup_epochs < 0) return fmt::format("asks for {} warm-up epochs", recipe.warmup_epochs);
  if (!is_rate(recipe.warmup_learning_rate))
    return fmt::format("asks for a warm-up learning rate of {}", recipe.warmup_learning_rate);
  if (!is_rate(recipe.end_learning_rate))
    return fmt::format("asks for an end learning rate of {}", recipe.end_learning_rate);
  if (!is_rate(recipe.epsilon)) return fmt::format("asks for an epsilon of {}", recipe.epsilon);
  if (recipe.groups.empty()) return "has no optimiser group; add one with the prefix \"\"";
  for (const ParameterGroup& group : recipe.groups) {
    for (const double value : {group.learning_rate, group.momentum, group.weight_decay}) {
      if (!is_rate(value))
        return fmt::format("has {} in the optimiser group \"{}\", where a number from 0 to 3.4e38 belongs",
                           value, group.prefix);
    }
  }
  return "";
}

std::string wrong_with_logits(const Tensor& logits, int64_t rows, std::optional<int64_t> classes) {
  if (std::string wrong = wrong_with_form(logits, rows, classes); !wrong.empty()) return wrong;
  if (!at::isfinite(logits).all().item<bool>())
    return "returned numbers that are not finite; if training diverges, lower the learning rate with --lr";
  return "";
}

std::string wrong_with_outputs(const Outputs& outputs, int64_t rows, std::optional<int64_t> classes) {
  const Tensor& features = outputs.text_features;
  if (!features.defined()) return "returned no text features";
  const bool per_image = features.dim() == 3 && features.size(0) == rows;
  if ((features.dim() != 2 && !per_image) || (classes && features.size(-2) != *classes)) {
    return fmt::format("returned text features of {}, a row per class and neither [K, D] nor [B, K, D]",
                       shape_of(features));
  }
  if (std::string wrong = wrong_with_form(outputs.logits, rows, classes); !wrong.empty()) return wrong;
  return wrong_with_loss(outputs.loss);
}

std::string wrong_with_loss(const Tensor& loss) {
  if (!loss.defined()) return "returned no tensor";
  if (loss.dim() != 0)
    return fmt::format("returned {} and not one number; average the loss with mean()", shape_of(loss));
  return "";
}

std::string wrong_with_trainable(const NamedTensors& tensors) {
  return wrong_with_named(tensors, [](const Tensor& tensor) -> std::string {
    if (!tensor.is_floating_point())
      return tensor.is_complex() ? "which holds complex numbers" : "which holds whole numbers";
    if (!tensor.is_leaf())
      return "which is no leaf; call requires_grad_() on the tensor itself, after all arithmetic";
    if (!tensor.requires_grad()) return "which requires no gradient; call requires_grad_() in bind()";
    if (at::has_internal_overlap(tensor) == at::MemOverlap::Yes)
      return "whose numbers share memory, as expand() makes them; clone() it";
    return "";
  });
}

std::string wrong_with_state(const NamedTensors& tensors) {
  return wrong_with_named(tensors, [](const Tensor& tensor) {
    if (has_safetensors_type(tensor.scalar_type())) return std::string();
    return fmt::format("of the type {}, which a file cannot have", at::toString(tensor.scalar_type()));
  });
}

std::string shape_of(const Tensor& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.sizes(), ", "));
}

}  // namespace promptbed
