#pragma once

#include <string>

namespace promptbed {

/// The release, such as "0.1.0".
std::string release_version();

/// The commit that the program was built from, or the release where there was no repository.
std::string code_version();

/// Whether the code had changes that no commit names.
bool code_is_dirty();

}  // namespace promptbed
