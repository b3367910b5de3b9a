#pragma once

#include <promptbed/prompt_learner.h>

#include <memory>
#include <string>

#include "base/signals.h"

namespace promptbed {

/// A plugin does not keep the interface's rules: it threw something that is no Error, or returned what the
/// host cannot use. Concerns this method's runs only.
class PluginFault : public Error {
 public:
  using Error::Error;
};

/// Which method, and which library it comes from: the words that errors begin with.
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
/// `declared` are the method's options. Throws PluginFault where there is no learner.
std::unique_ptr<PromptLearner> guard(std::unique_ptr<PromptLearner> learner, MethodOrigin origin,
                                     const Options& declared);

/// What `action`, the named call into the plugin, returns; what it throws arrives in the same way.
template <class Action>
auto at_plugin_border(const MethodOrigin& origin, const char* call, Action&& action) -> decltype(action());

/// Rethrows the exception in flight under the same rule.
[[noreturn]] void rethrow_from_plugin(const MethodOrigin& origin, const char* call);

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
