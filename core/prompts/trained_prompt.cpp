#include "prompts/trained_prompt.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/json.h"
#include "clip/checkpoints/safetensors.h"
#include "clip/checkpoints/tensor_file.h"
#include "results/ledger.h"
#include "results/prompt_file.h"
#include "results/run_record.h"
#include "table/table.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

Safetensors read_file_of_tensors(const fs::path& path) {
  std::error_code failure;
  if (!fs::exists(path, failure))
    throw Error(fmt::format("{}: no such trained prompt; check the path", path.string()));
  if (!fs::is_regular_file(path, failure))
    throw Error(fmt::format("{}: is not a regular file; give the file of a trained prompt", path.string()));
  if (is_torch_file(path)) {
    throw Error(fmt::format(
        "{}: is a checkpoint of torch.save; make a trained prompt of it with runner prompts import",
        path.string()));
  }
  return read_safetensors(path);
}

/// Reads the texts that belong to a prompt. Throws json's exceptions and Error if they are wrong.
void read_texts(const TensorTexts& texts, TrainedPrompt& prompt) {
  prompt.run = RunSpec::parse(parse_json(texts.at(kPromptRun), kPromptRun));
  if (texts.contains(kPromptClassNames))
    prompt.class_names = parse_json(texts.at(kPromptClassNames), kPromptClassNames);
  if (texts.contains(kPromptOrigin))
    prompt.origin = parse_origin(parse_json(texts.at(kPromptOrigin), kPromptOrigin));
}

/// Whether the prompt has a hash. Throws Error if it is not that of its contents.
bool check_hash(const fs::path& path, TensorTexts texts, const NamedTensors& state) {
  const auto hash = texts.extract(kPromptHash);
  if (hash.empty()) return false;
  if (hash.mapped() == hash_of_prompt(texts, state)) return true;
  throw Error(fmt::format(
      "{}: is damaged (it does not match its hash); restore a copy, or train it again with --force",
      path.string()));
}

bool may_be_id(const std::string& name) {
  return std::ranges::all_of(name, [](unsigned char c) { return std::isxdigit(c) != 0; });
}

/// Why a run has no prompt, and what to do.
std::string reason(const RunRecord& run, const fs::path& prompt) {
  if (run.spec.classes.empty()) return fmt::format("does not train; use --method {}", run.spec.method);
  if (run.status != RunStatus::done)
    return fmt::format("is {}; it has a prompt once it is done", to_string(run.status));
  return fmt::format("its prompt {} is missing; train it again with --force", prompt.string());
}

}  // namespace

json to_json(const PromptOrigin& origin) {
  json value = {{"file", origin.file}};
  if (origin.epoch) value["epoch"] = *origin.epoch;
  return value;
}

PromptOrigin parse_origin(const json& value) {
  PromptOrigin origin{value.at("file"), std::nullopt};
  if (value.contains("epoch")) origin.epoch = value.at("epoch").get<int64_t>();
  return origin;
}

std::string title_of(const TrainedPrompt& prompt) {
  const RunSpec& run = prompt.run;
  if (prompt.origin) return fmt::format("{}, imported from {}", run.method, prompt.origin->file);
  return fmt::format("{} on {}, {}, seed {}", run.method, run.dataset,
                     plural(static_cast<size_t>(run.shots), "shot"), run.seed);
}

std::string hash_of_prompt(const TensorTexts& texts, const NamedTensors& state) {
  return hash_of_prompt(texts, BytesOfTensors(state).bytes());
}

void check_model(const TrainedPrompt& prompt, const std::string& fingerprint, const std::string& tokenizer) {
  if (prompt.run.model != fingerprint) {
    throw Error(fmt::format(
        "trained prompt of {}: belongs to model {}, and this is model {}; give its own with --model",
        title_of(prompt), prompt.run.model, fingerprint));
  }
  const bool says_tokenizer = prompt.has_hash || !prompt.run.tokenizer.empty();
  if (!says_tokenizer || prompt.run.tokenizer == tokenizer) return;
  const auto name = [](const std::string& id) { return id.empty() ? "the usual one" : id.c_str(); };
  throw Error(
      fmt::format("trained prompt of {}: was trained with tokenizer {}, and the model's is {}; give "
                  "the model with its own merges",
                  title_of(prompt), name(prompt.run.tokenizer), name(tokenizer)));
}

TrainedPrompt read_trained_prompt(const fs::path& path) {
  Safetensors contents = read_file_of_tensors(path);
  if (!contents.texts.contains(kPromptRun)) {
    throw Error(fmt::format(
        "{}: is not a trained prompt, since it does not say what was trained; give one of runs/prompts",
        path.string()));
  }
  TrainedPrompt prompt;
  prompt.state = {contents.tensors.begin(), contents.tensors.end()};
  prompt.has_hash = check_hash(path, contents.texts, prompt.state);
  try {
    read_texts(contents.texts, prompt);
  } catch (const json::exception& fault) {
    throw Error(fmt::format("{}: is damaged ({}); train it again", path.string(), fault.what()));
  } catch (const Error& fault) {
    throw Error(fmt::format("{}: {}", path.string(), fault.what()));
  }
  return prompt;
}

void write_trained_prompt(const fs::path& path, const TrainedPrompt& prompt) {
  TensorTexts texts = {{kPromptRun, prompt.run.canonical().dump()}};
  if (!prompt.class_names.empty()) texts[kPromptClassNames] = json(prompt.class_names).dump();
  if (prompt.origin) texts[kPromptOrigin] = to_json(*prompt.origin).dump();
  texts[kPromptHash] = hash_of_prompt(texts, prompt.state);
  write_safetensors(path, prompt.state, texts);
}

fs::path find_prompt(const std::string& name, const fs::path& ledger) {
  std::error_code failure;
  if (fs::exists(name, failure)) return name;
  if (!may_be_id(name) || !fs::exists(ledger, failure)) {
    throw Error(fmt::format(
        "{}: no such trained prompt; give a file, such as those in runs/prompts, or a run's id", name));
  }
  const RunRecord run = Ledger::open_existing(ledger).find(name);
  const fs::path prompt = prompt_path(ledger, run.id);
  if (!fs::exists(prompt, failure)) {
    throw Error(
        fmt::format("run {} ({} on {}): {}", run.id, run.spec.method, run.spec.dataset, reason(run, prompt)));
  }
  return prompt;
}

}  // namespace promptbed
