#include "methods/assignment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/suggestion.h"
#include "base/text.h"
#include "methods/wrapping.h"

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

/// Throws Error if a method that has options has none of that name, saying which was meant.
void check_known(const Options& options, const std::string& option) {
  std::vector<std::string> known;
  for (const auto& [name, value] : options.values()) known.push_back(name);
  if (!known.empty() && std::ranges::count(known, option) == 0)
    throw Error(fmt::format("no option {}; {}", option, remedy_for(option, known)));
}

/// The point with one more option set, which the method knows under the name `option`.
GivenOptions with(GivenOptions given, const Assignment& assignment, const std::string& option,
                  const std::string& value) {
  try {
    check_known(given.options, option);
    given.options.set(option, std::string_view(value));
  } catch (const Error& fault) {
    throw Error(fmt::format("--set {}.{}={}: {}", assignment.method, assignment.option, value, fault.what()));
  }
  if (assignment.values.size() > 1)
    given.label += fmt::format("{}{}={}", given.label.empty() ? "" : " ", option, value);
  return given;
}

/// The grid, finer by one option's values.
std::vector<GivenOptions> finer(const std::vector<GivenOptions>& grid, const Assignment& assignment,
                                const std::string& option) {
  std::vector<GivenOptions> points;
  for (const GivenOptions& point : grid) {
    const size_t first = points.size();
    for (const std::string& value : assignment.values) {
      GivenOptions next = with(point, assignment, option, value);
      const bool is_there = std::any_of(
          points.begin() + static_cast<std::ptrdiff_t>(first), points.end(),
          [&](const GivenOptions& other) { return other.options.values() == next.options.values(); });
      if (is_there)
        throw Error(fmt::format("--set {}.{}: {} is there twice; leave one out", assignment.method,
                                assignment.option, value));
      points.push_back(std::move(next));
    }
  }
  return points;
}

/// The grid that the assignments for a wrapper's base make of one point of its own options. What is given for
/// the base under this wrapper replaces what is given for the base.
std::vector<GivenOptions> with_base_options(const Method& wrapper, GivenOptions point,
                                            const std::vector<Assignment>& assignments,
                                            const MethodRegistry& registry) {
  const Method& base = *registry.base_of(wrapper, point.options);
  point.options = with_base(wrapper, point.options, base);
  const auto is_own = [&](const Assignment& assignment) {
    return assignment.method == wrapper.name() && assignment.option.starts_with(kBasePrefix);
  };
  std::vector<GivenOptions> grid = {std::move(point)};
  for (const Assignment& assignment : assignments) {
    if (assignment.method != base.name()) continue;
    const std::string option = std::string(kBasePrefix) + assignment.option;
    const bool is_replaced = std::ranges::any_of(
        assignments, [&](const Assignment& other) { return is_own(other) && other.option == option; });
    if (!is_replaced) grid = finer(grid, assignment, option);
  }
  for (const Assignment& assignment : assignments) {
    if (is_own(assignment)) grid = finer(grid, assignment, assignment.option);
  }
  return grid;
}

/// Whether one of the methods is a wrapper that has the named one as its base somewhere in its grid.
bool is_base_of_any(const std::string& name, const std::vector<std::string>& methods,
                    const std::vector<Assignment>& assignments, const MethodRegistry& registry) {
  return std::ranges::any_of(methods, [&](const std::string& method) {
    const Method& wrapper = registry.at(method);
    return wrapper.is_wrapper() &&
           std::ranges::any_of(given_options(wrapper, assignments, registry), [&](const GivenOptions& given) {
             return given.options.text(kBaseOption) == name;
           });
  });
}

}  // namespace

std::vector<Assignment> parse_assignments(const std::vector<std::string>& texts,
                                          const std::vector<std::string>& methods,
                                          const MethodRegistry& registry) {
  std::vector<Assignment> assignments;
  for (const std::string& text : texts) assignments.push_back(parse_assignment(text));
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string& name = assignments[i].method;
    given_options(registry.at(name), assignments, registry);
    const bool is_chosen = std::ranges::find(methods, name) != methods.end();
    if (!is_chosen && !is_base_of_any(name, methods, assignments, registry)) {
      throw Error(fmt::format("--set {}: method {} is not among --methods {}", texts[i], name,
                              fmt::join(methods, ",")));
    }
  }
  return assignments;
}

std::vector<GivenOptions> given_options(const Method& method, const std::vector<Assignment>& assignments,
                                        const MethodRegistry& registry) {
  std::vector<GivenOptions> grid = {{method.default_options(), ""}};
  for (const Assignment& assignment : assignments) {
    if (assignment.method != method.name()) continue;
    if (method.is_wrapper() && assignment.option.starts_with(kBasePrefix)) continue;
    grid = finer(grid, assignment, assignment.option);
  }
  if (!method.is_wrapper()) return grid;
  std::vector<GivenOptions> both;
  for (GivenOptions& point : grid) {
    for (GivenOptions& of_base : with_base_options(method, std::move(point), assignments, registry))
      both.push_back(std::move(of_base));
  }
  return both;
}

Options single_options(const Method& method, const std::vector<Assignment>& assignments,
                       const MethodRegistry& registry) {
  const std::vector<GivenOptions> grid = given_options(method, assignments, registry);
  if (grid.size() > 1)
    throw Error(
        fmt::format("--set {}.{}: has several values, and one is needed here; runner sweep takes several",
                    method.name(), grid.front().label));
  return grid.front().options;
}

}  // namespace promptbed
