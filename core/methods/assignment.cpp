#include "methods/assignment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <string_view>

namespace promptbed {
namespace {

Assignment parse_assignment(const std::string& text) {
  const size_t equals = text.find('=');
  const size_t dot = text.find('.');
  if (equals == std::string::npos || dot == std::string::npos || dot > equals) {
    throw Error(fmt::format("--set {}: write METHOD.OPTION=VALUE, such as coop.n_ctx=16", text));
  }
  return {text.substr(0, dot), text.substr(dot + 1, equals - dot - 1), text.substr(equals + 1)};
}

}  // namespace

std::vector<Assignment> parse_assignments(const std::vector<std::string>& texts,
                                          const std::vector<std::string>& methods,
                                          const MethodRegistry& registry) {
  std::vector<Assignment> assignments;
  for (const std::string& text : texts) {
    assignments.push_back(parse_assignment(text));
    const std::string& name = assignments.back().method;
    given_options(registry.at(name), assignments);
    if (std::find(methods.begin(), methods.end(), name) == methods.end()) {
      throw Error(
          fmt::format("--set {}: method {} is not among --methods {}", text, name, fmt::join(methods, ",")));
    }
  }
  return assignments;
}

Options given_options(const Method& method, const std::vector<Assignment>& assignments) {
  Options options = method.default_options();
  for (const Assignment& assignment : assignments) {
    if (assignment.method != method.name()) continue;
    try {
      options.set(assignment.option, std::string_view(assignment.value));
    } catch (const Error& fault) {
      throw Error(fmt::format("--set {}.{}={}: {}", assignment.method, assignment.option, assignment.value,
                              fault.what()));
    }
  }
  return options;
}

}  // namespace promptbed
