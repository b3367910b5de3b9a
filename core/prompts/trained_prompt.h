#pragma once

#include <promptbed/task.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "results/run_spec.h"

namespace promptbed {

/// Where a prompt comes from that another program trained.
struct PromptOrigin {
  std::string file;              ///< the checkpoint's name, without its folder
  std::optional<int64_t> epoch;  ///< how many epochs it says it was trained
};

/// An origin as JSON, and the reverse, which throws json's exceptions for anything else.
nlohmann::json to_json(const PromptOrigin& origin);
PromptOrigin parse_origin(const nlohmann::json& value);

/// What a run learned, with what it belongs to. On disk a safetensors file with the texts "run" (the
/// canonical JSON of the spec), "class_names" (a JSON list) and, of an imported one, "origin".
struct TrainedPrompt {
  RunSpec run;             ///< of an imported one without dataset, recipe and all else that nobody knows
  ClassNames class_names;  ///< the K training classes by label; empty in files that do not tell them
  NamedTensors state;      ///< on the CPU, under the names of the method's state()
  std::optional<PromptOrigin> origin = {};  ///< of an imported one
};

/// Reads a prompt; its tensors come sorted by name. Throws Error where the file is missing, damaged or no
/// trained prompt.
TrainedPrompt read_trained_prompt(const std::filesystem::path& path);

/// Writes a prompt, and its folder, readers never seeing a part of the file. Throws Error where it cannot be
/// written.
void write_trained_prompt(const std::filesystem::path& path, const TrainedPrompt& prompt);

}  // namespace promptbed
