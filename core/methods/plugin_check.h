#pragma once

#include <promptbed/task.h>

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "methods/method_check.h"

namespace promptbed {

/// A setting as sweeps have it: the first dataset of the embedded suite, base-new, 16 shots. Throws Error if
/// no suite is embedded.
Setting typical_setting();

/// Tasks on the embedded model's towers, with some base and some new classes of that dataset and two made
/// images of each class, in two views: the class's own text feature with noise; as pixels, noise alone. Also
/// on a GPU, or on what stands in for one. Throws the same.
CheckTasks typical_tasks();

/// Loads a plugin and tries the named methods, or all that it offers, on typical tasks, rule by rule in
/// processes of their own, so that a crash is one broken rule. A wrapper is tried on its default base, of
/// this plugin or one in the folders. Writes a line for each rule as it goes. Returns whether all rules are
/// kept. Throws Error if the plugin cannot be loaded or offers no such method. For a process without other
/// threads, as run_in_child is.
bool check_plugin(const std::filesystem::path& file, const std::vector<std::string>& names,
                  const std::vector<std::filesystem::path>& folders, std::ostream& out);

}  // namespace promptbed
