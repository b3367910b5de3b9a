#pragma once

#include <string>
#include <vector>

#include "methods/method_registry.h"

namespace promptbed {

/// One "--set METHOD.OPTION=VALUE".
struct Assignment {
  std::string method, option, value;
};

/// {"coop.n_ctx=16"} -> {{"coop", "n_ctx", "16"}}. Throws Error for a text of another form, for a method that
/// is unknown or not among `methods`, and where given_options does.
std::vector<Assignment> parse_assignments(const std::vector<std::string>& texts,
                                          const std::vector<std::string>& methods,
                                          const MethodRegistry& registry);

/// The method's defaults under those of the assignments that are for it. Throws Error naming the assignment
/// for an unknown option or a value that it cannot have.
Options given_options(const Method& method, const std::vector<Assignment>& assignments);

}  // namespace promptbed
