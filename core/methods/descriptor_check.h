#pragma once

#include <promptbed/plugin.h>

namespace promptbed {

/// Throws Error where the plugin was built against something else than this program. Reads plain C data only.
void check_compatible(const PluginDescriptor& descriptor);

/// Throws Error naming the method where the descriptor of a compatible plugin leaves something out or holds
/// what cannot be: a missing name, a name that cannot be typed, a version below 1, a default that is not of
/// its option's type.
void check_methods(const PluginDescriptor& descriptor);

}  // namespace promptbed
