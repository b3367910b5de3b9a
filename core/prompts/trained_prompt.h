#pragma once

#include <promptbed/task.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "results/prompt_file.h"
#include "results/run_spec.h"

namespace promptbed {

/// Where a prompt that another program trained comes from.
struct PromptOrigin {
  std::string file;              ///< the checkpoint's name, without its folder
  std::optional<int64_t> epoch;  ///< how many epochs it says it was trained
};

/// An origin as JSON, and the reverse, which throws json's exceptions for anything else.
nlohmann::json to_json(const PromptOrigin& origin);
PromptOrigin parse_origin(const nlohmann::json& value);

/// What a run learned, with what it belongs to. On disk a safetensors file with the texts "run" (the
/// canonical JSON of the spec), "class_names" (a JSON list), of an imported one "origin", and kPromptHash,
/// the hash_of_prompt of all else.
struct TrainedPrompt {
  RunSpec run;             ///< of an imported one without dataset, recipe and all else that nobody knows
  ClassNames class_names;  ///< the K training classes by label; empty in files that do not name them
  NamedTensors state;      ///< on the CPU, under the names of the method's state()
  std::optional<PromptOrigin> origin = {};  ///< of an imported one
  bool has_hash = true;  ///< false if read from a file of an earlier version, in which damage cannot be seen
};

/// A hash of a prompt's texts and tensors (results/prompt_file.h).
std::string hash_of_prompt(const TensorTexts& texts, const NamedTensors& state);

/// "coop on nature_food, 16 shots, seed 1", or "coop, imported from model.pth.tar-50"
std::string title_of(const TrainedPrompt& prompt);

/// Throws Error if the prompt belongs to another model than the one of this fingerprint and tokenizer
/// (ClipModel::tokenizer_id). Prompts of earlier versions do not say their tokenizer.
void check_model(const TrainedPrompt& prompt, const std::string& fingerprint, const std::string& tokenizer);

/// Reads a prompt; its tensors come sorted by name. Throws Error if the file is missing, damaged (also if it
/// does not match its hash) or no trained prompt.
TrainedPrompt read_trained_prompt(const std::filesystem::path& path);

/// Writes a prompt, and its folder; readers never see a part of the file. Throws Error if it cannot be
/// written.
void write_trained_prompt(const std::filesystem::path& path, const TrainedPrompt& prompt);

/// The file of a trained prompt that a user names by its path, or by the id of its run in the ledger or a
/// prefix of it. Throws Error if there is neither, and for a run that has no prompt.
std::filesystem::path find_prompt(const std::string& name, const std::filesystem::path& ledger);

}  // namespace promptbed
