#pragma once

#include <string_view>

namespace promptbed {

/// Whether a path that a file names stays, by its letters, inside the folder it is relative to: not empty,
/// not absolute, no "..".
bool is_inner_path(std::string_view path);

}  // namespace promptbed
