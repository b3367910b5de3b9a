#pragma once

#include <filesystem>
#include <string>

#include "prompts/trained_prompt.h"

namespace promptbed {

/// A trained prompt and its file.
struct NamedPrompt {
  TrainedPrompt prompt;
  std::filesystem::path file;
};

/// The prompt that a user names by a file or by a run of the ledger (find_prompt). Notes on standard error if
/// it has no hash, so that damage would go unnoticed. Throws Error like find_prompt and read_trained_prompt.
NamedPrompt read_named_prompt(const std::string& name, const std::filesystem::path& ledger);

}  // namespace promptbed
