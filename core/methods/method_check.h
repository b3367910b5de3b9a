#pragma once

#include <promptbed/plugin.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace promptbed {

/// A method to be checked.
struct CheckedMethod {
  Training training = Training::trainable;
  Selection selection = Selection::none;  ///< of a wrapper, its base's counts, too
  bool online = false;                    ///< the same
  Options options;                        ///< as given, before they are settled
  std::function<std::unique_ptr<PromptLearner>(const Options& options)> create;  ///< behind guard()
};

/// What it is checked on: a task with training and validation features, and the pixels [N, 3, R, R] of its N
/// training images for methods that take those.
struct CheckTask : Task {
  Tensor pixels;
};

/// Classes of one dataset to be trained on and others of the same, K at least 2 each.
struct CheckTasks {
  CheckTask trained;
  CheckTask other;
  std::optional<CheckTask> elsewhere = {};  ///< the first one on another device, but for its pixels
};

enum class Verdict { kept, broken, idle };  ///< idle: the rule does not apply to the method

/// What became of one rule.
struct RuleOutcome {
  Verdict verdict = Verdict::kept;
  std::string why;  ///< it is broken or does not apply; otherwise ""
};

/// Hears of each rule before it is tried, since a plugin may crash in it, and of what became of it.
struct CheckListener {
  std::function<void(std::string_view rule)> begin;
  std::function<void(std::string_view rule, const RuleOutcome& outcome)> end;
};

/// What a rule asks, for people: "rows" -> "each image is judged by itself, ...". Empty for no rule.
std::string_view statement_of_rule(std::string_view rule);

/// Puts a method through what the host will ask of it, rule by rule; stops early if it cannot even take a
/// task. Learners are trained for two epochs at most. Throws Interrupted on Ctrl-C.
void check_method(const CheckedMethod& method, const CheckTasks& tasks, const CheckListener& listener);

}  // namespace promptbed
