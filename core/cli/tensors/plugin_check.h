#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace promptbed {

/// `runner methods check PATH [METHOD...]`: loads a plugin, and tries the named methods, or all that it
/// offers, rule by rule in processes of their own, printing a line a rule. Returns an exit code. Throws Error
/// where the plugin cannot be loaded or offers no such method.
int check_plugin(const std::filesystem::path& file, const std::vector<std::string>& names);

}  // namespace promptbed
