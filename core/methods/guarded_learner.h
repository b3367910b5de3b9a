#pragma once

#include <promptbed/prompt_learner.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/signals.h"

namespace promptbed {

/// A plugin breaks the interface's rules: it threw something that is no Error, or returned what the host
/// cannot use. Concerns this method's runs only.
class PluginFault : public Error {
 public:
  using Error::Error;
};

/// Which method, and which library it comes from: what errors begin with.
struct MethodOrigin {
  std::string method;  ///< "coop"
  std::string plugin;  ///< "coop.so"

  /// Throws PluginFault, one line: method, plugin, what is wrong and the remedy.
  [[noreturn]] void fault(const std::string& what) const;
};

/// Wraps a plugin's instance so that nothing wrong crosses the border. What it throws arrives as one line:
/// its Errors as Errors that name the method, PromptTooLong, NotTransferable and Interrupted with their
/// types, everything else as PluginFault. What it returns is checked: options as declared, recipes that can
/// be trained by, leaves that require gradients, a scalar loss, finite logits of [B, K], a complete state.
/// `declared` are the method's own options. The `base` of a wrapper settles its options before it, and they
/// are returned together; what the base needs, the wrapper needs. Throws PluginFault if there is no learner.
std::unique_ptr<PromptLearner> guard(std::unique_ptr<PromptLearner> learner, MethodOrigin origin,
                                     const Options& declared, std::shared_ptr<PromptLearner> base = nullptr);

/// What `action`, the named call into the plugin, returns; what it throws arrives in the same way.
template <class Action>
auto at_plugin_border(const MethodOrigin& origin, const char* call, Action&& action) -> decltype(action());

/// Rethrows the exception in flight under the same rule.
[[noreturn]] void rethrow_from_plugin(const MethodOrigin& origin, const char* call);

// What the host cannot use of what a plugin returns. Each function says in words what is wrong, to be read
// after the name of the call ("returned no tensor"), or "" if nothing is.

/// Needs have to be such that the host can meet all of them.
std::string wrong_with(const Needs& needs, bool has_own_solver);

/// Options have to be the declared ones, each with a value of its type.
std::string wrong_with(const Options& options, const Options& declared);

/// A recipe needs an epoch, an image a step, a group and numbers that are finite.
std::string wrong_with(const Recipe& recipe);

/// Logits have to be finite floating-point numbers, [rows, classes]; `classes` is none if nobody knows yet.
std::string wrong_with_logits(const Tensor& logits, int64_t rows, std::optional<int64_t> classes);

/// Outputs have to have text features [K, D] or [rows, K, D], floating-point logits [rows, classes] and a
/// loss as below. Whether numbers are finite is left to the loss of the epoch: asking in every step would let
/// a GPU run idle.
std::string wrong_with_outputs(const Outputs& outputs, int64_t rows, std::optional<int64_t> classes);

/// A loss has to be one number, without dimensions.
std::string wrong_with_loss(const Tensor& loss);

/// Trainable tensors have to be leaves that require gradients, with memory and a name of their own.
std::string wrong_with_trainable(const NamedTensors& tensors);

/// A state's tensors have to be there and of types that files can have, each under a name of its own.
std::string wrong_with_state(const NamedTensors& tensors);

/// A tensor's shape as it is written: "[4, 3]".
std::string shape_of(const Tensor& tensor);

template <class Action>
auto at_plugin_border(const MethodOrigin& origin, const char* call, Action&& action) -> decltype(action()) {
  const CrashScope scope(origin.plugin.c_str(), call);
  try {
    return action();
  } catch (...) {
    rethrow_from_plugin(origin, call);
  }
}

}  // namespace promptbed
