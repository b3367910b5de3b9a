#pragma once

#include <filesystem>
#include <string>

/// Files that belong to a run. They lie beside the ledger, under the run's id.
namespace promptbed {

/// The trained prompt: prompts/ID.safetensors.
std::filesystem::path prompt_path(const std::filesystem::path& ledger, const std::string& run);

/// What was logged while the run was made: logs/ID.log.
std::filesystem::path log_path(const std::filesystem::path& ledger, const std::string& run);

}  // namespace promptbed
