#pragma once

#include <string_view>

#include "methods/method_registry.h"

/// A wrapper's options and its base's, as the host keeps them together: the base's are named base.NAME.
namespace promptbed {

/// Before the names of a base's options.
inline constexpr std::string_view kBasePrefix = "base.";

/// A wrapper's own options and those of its base at their defaults, where the wrapper may have others.
/// Throws Error if the wrapper has a default for an option that the base does not have.
Options with_base(const Method& wrapper, const Options& own, const Method& base);

/// The method's own options among these: all, unless it is a wrapper.
Options own_part(const Method& method, const Options& options);

/// The base's options among these.
Options base_part(const Options& options);

}  // namespace promptbed
