#pragma once

#include <promptbed/prompt_learner.h>

#include <memory>
#include <string>

namespace promptbed {

/// Wraps a plugin's instance so that whatever it throws arrives as an Error of one line that names the
/// plugin's method. NotTransferable keeps its type.
std::unique_ptr<PromptLearner> guard(std::unique_ptr<PromptLearner> learner, std::string method);

/// Calls `action` under the same rule.
template <class Action>
auto at_plugin_border(const std::string& method, Action&& action) -> decltype(action());

/// Rethrows the exception in flight under the same rule.
[[noreturn]] void rethrow_from_plugin(const std::string& method);

template <class Action>
auto at_plugin_border(const std::string& method, Action&& action) -> decltype(action()) {
  try {
    return action();
  } catch (...) {
    rethrow_from_plugin(method);
  }
}

}  // namespace promptbed
