#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "formats/safetensors_file.h"

/// What can be said of a trained prompt's file without tensors. Its contents: prompts/trained_prompt.h.
namespace promptbed {

/// The texts beside the tensors. The last one holds hash_of_prompt() of all else; prompts of earlier versions
/// have none.
inline constexpr const char* kPromptRun = "run";
inline constexpr const char* kPromptClassNames = "class_names";
inline constexpr const char* kPromptOrigin = "origin";
inline constexpr const char* kPromptHash = "contents_hash";

/// A hash of a prompt's texts and of the names, types, shapes and bytes of its tensors, in any order.
std::string hash_of_prompt(const TensorTexts& texts, std::span<const TensorBytes> state);

/// The state_hash of a run: of the names and bytes of what it learned, in the method's order; "" for nothing.
std::string hash_of_state(std::span<const TensorBytes> state);

/// What is wrong with the prompt that a finished run has left, as a line that begins with the file; "" if it
/// is whole and holds the state with that hash.
std::string fault_of_prompt(const std::filesystem::path& prompt, const std::string& state_hash);

}  // namespace promptbed
