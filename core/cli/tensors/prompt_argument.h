#pragma once

#include <filesystem>
#include <string>

namespace promptbed {

/// The file of a trained prompt that a user names: by its path, or by the id of its run in the ledger, of
/// which the beginning will do. Throws Error where there is neither, and for a run that has no prompt.
std::filesystem::path find_prompt(const std::string& word, const std::filesystem::path& ledger);

}  // namespace promptbed
