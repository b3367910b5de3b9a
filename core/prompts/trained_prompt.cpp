#include "prompts/trained_prompt.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <map>
#include <nlohmann/json.hpp>

#include "clip/checkpoints/safetensors.h"
#include "clip/checkpoints/tensor_file.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kRun = "run";
constexpr const char* kClassNames = "class_names";
constexpr const char* kOrigin = "origin";

Safetensors read_file_of_tensors(const fs::path& path) {
  std::error_code failure;
  if (!fs::is_regular_file(path, failure))
    throw Error(fmt::format("{}: no such trained prompt; check the path", path.string()));
  if (is_torch_file(path)) {
    throw Error(fmt::format(
        "{}: is a checkpoint of torch.save; make a trained prompt of it with runner prompts import",
        path.string()));
  }
  return read_safetensors(path);
}

/// Reads the texts that belong to a prompt. Throws json's exceptions and Error for what they cannot be.
void read_texts(const std::map<std::string, std::string>& texts, TrainedPrompt& prompt) {
  prompt.run = RunSpec::parse(json::parse(texts.at(kRun)));
  if (texts.contains(kClassNames)) prompt.class_names = json::parse(texts.at(kClassNames));
  if (texts.contains(kOrigin)) prompt.origin = parse_origin(json::parse(texts.at(kOrigin)));
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

TrainedPrompt read_trained_prompt(const fs::path& path) {
  Safetensors contents = read_file_of_tensors(path);
  if (!contents.metadata.contains(kRun)) {
    throw Error(fmt::format(
        "{}: is no trained prompt, for it does not say what was trained; give one of runs/prompts",
        path.string()));
  }
  TrainedPrompt prompt;
  prompt.state = {contents.tensors.begin(), contents.tensors.end()};
  try {
    read_texts(contents.metadata, prompt);
  } catch (const json::exception& fault) {
    throw Error(fmt::format("{}: is damaged ({}); train it again", path.string(), fault.what()));
  } catch (const Error& fault) {
    throw Error(fmt::format("{}: {}", path.string(), fault.what()));
  }
  return prompt;
}

void write_trained_prompt(const fs::path& path, const TrainedPrompt& prompt) {
  std::map<std::string, std::string> texts = {{kRun, prompt.run.canonical().dump()}};
  if (!prompt.class_names.empty()) texts[kClassNames] = json(prompt.class_names).dump();
  if (prompt.origin) texts[kOrigin] = to_json(*prompt.origin).dump();
  write_safetensors(path, prompt.state, texts);
}

}  // namespace promptbed
