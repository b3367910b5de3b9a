#pragma once

#include <fmt/format.h>
#include <promptbed/error.h>

#include <cstddef>
#include <string_view>
#include <utility>

namespace promptbed {

/// A value of an enumeration, and its name in files:
///
///     inline constexpr Named<Colour> kColours[] = {{Colour::red, "red"}, {Colour::blue, "blue"}};
template <class Value>
using Named = std::pair<Value, std::string_view>;

/// "" for a value without a name.
template <class Value, size_t kCount>
constexpr std::string_view to_name(const Named<Value> (&names)[kCount], Value value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return "";
}

/// Throws Error for a name that is none of these.
template <class Value, size_t kCount>
Value from_name(const Named<Value> (&names)[kCount], std::string_view text) {
  for (const auto& [value, name] : names) {
    if (name == text) return value;
  }
  throw Error(fmt::format("\"{}\" is unknown", text));
}

}  // namespace promptbed
