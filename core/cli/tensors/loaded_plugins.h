#pragma once

#include "cli/arguments.h"
#include "methods/method_registry.h"

namespace promptbed {

/// The plugins of the usual folders and of --plugins. Warns on standard error of those that are left out.
MethodRegistry load_plugins(const options::variables_map& values);

}  // namespace promptbed
