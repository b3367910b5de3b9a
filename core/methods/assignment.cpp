#include "methods/assignment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace promptbed {
namespace {

/// "4,16" -> {"4", "16"}; "\\," is a comma that does not separate.
std::vector<std::string> split_values(std::string_view text) {
  std::vector<std::string> values(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "\\,") {
      values.back() += text[++i];
    } else if (text[i] == ',') {
      values.emplace_back();
    } else {
      values.back() += text[i];
    }
  }
  return values;
}

Assignment parse_assignment(const std::string& text) {
  const size_t equals = text.find('=');
  const size_t dot = text.find('.');
  if (equals == std::string::npos || dot == std::string::npos || dot > equals) {
    throw Error(fmt::format("--set {}: write METHOD.OPTION=VALUE, such as coop.n_ctx=16", text));
  }
  Assignment assignment{text.substr(0, dot), text.substr(dot + 1, equals - dot - 1),
                        split_values(text.substr(equals + 1))};
  check_name(text, "--set");
  for (const std::string& value : assignment.values) {
    if (std::ranges::count(assignment.values, value) > 1)
      throw Error(fmt::format("--set {}: {} is there twice; leave one out", text, value));
  }
  return assignment;
}

/// The point with one more option set.
GivenOptions with(GivenOptions given, const Assignment& assignment, const std::string& value) {
  try {
    given.options.set(assignment.option, std::string_view(value));
  } catch (const Error& fault) {
    throw Error(fmt::format("--set {}.{}={}: {}", assignment.method, assignment.option, value, fault.what()));
  }
  if (assignment.values.size() > 1)
    given.label += fmt::format("{}{}={}", given.label.empty() ? "" : " ", assignment.option, value);
  return given;
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

std::vector<GivenOptions> given_options(const Method& method, const std::vector<Assignment>& assignments) {
  std::vector<GivenOptions> grid = {{method.default_options(), ""}};
  for (const Assignment& assignment : assignments) {
    if (assignment.method != method.name()) continue;
    std::vector<GivenOptions> finer;
    for (const GivenOptions& point : grid) {
      for (const std::string& value : assignment.values) finer.push_back(with(point, assignment, value));
    }
    grid = std::move(finer);
  }
  return grid;
}

Options single_options(const Method& method, const std::vector<Assignment>& assignments) {
  const std::vector<GivenOptions> grid = given_options(method, assignments);
  if (grid.size() > 1)
    throw Error(
        fmt::format("--set {}.{}: has several values, and one is needed here; runner sweep takes several",
                    method.name(), grid.front().label));
  return grid.front().options;
}

}  // namespace promptbed
