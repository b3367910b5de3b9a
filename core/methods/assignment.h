#pragma once

#include <string>
#include <vector>

#include "methods/method_registry.h"

namespace promptbed {

/// One "--set METHOD.OPTION=VALUE,...".
struct Assignment {
  std::string method, option;
  std::vector<std::string> values;  ///< one or more, each to be tried
};

/// {"coop.n_ctx=4,16"} -> {{"coop", "n_ctx", {"4", "16"}}}; "\\," is a comma within a value. Throws Error
/// for a text of another form, for a method that is unknown or neither among `methods` nor the base of one,
/// and if given_options does.
std::vector<Assignment> parse_assignments(const std::vector<std::string>& texts,
                                          const std::vector<std::string>& methods,
                                          const MethodRegistry& registry);

/// A point of the grid that assignments span.
struct GivenOptions {
  Options options;
  std::string label;  ///< "n_ctx=16": the values of the options that have several; "" if none has
};

/// The method's defaults overridden by the assignments for it, in each combination of their values, the last
/// assignment's varying fastest. A wrapper's base follows from its own options; it is overridden by the
/// assignments for it ("kgcoop.weight=4"), which those for it under the wrapper alone ("dept.base.weight=4")
/// replace. Throws Error naming the assignment for an unknown option or a value that it cannot have, and
/// what MethodRegistry::base_of throws.
std::vector<GivenOptions> given_options(const Method& method, const std::vector<Assignment>& assignments,
                                        const MethodRegistry& registry);

/// The only such point. Throws Error for an option with several values, too.
Options single_options(const Method& method, const std::vector<Assignment>& assignments,
                       const MethodRegistry& registry);

}  // namespace promptbed
