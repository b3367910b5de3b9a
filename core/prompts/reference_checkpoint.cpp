#include "prompts/reference_checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/context.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/json.h"
#include "clip/checkpoints/tensor_file.h"
#include "clip/checkpoints/torch_files.h"
#include "formats/pickle.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kContext = "ctx";
constexpr std::array kMetaNet = {"meta_net.linear1.weight", "meta_net.linear1.bias",
                                 "meta_net.linear2.weight", "meta_net.linear2.bias"};
constexpr const char* kPrefix = "token_prefix";
constexpr const char* kSuffix = "token_suffix";
constexpr std::string_view kDataParallel = "module.";  // what torch.nn.DataParallel puts before all names

// Keys of the checkpoint, and of what promptbed adds to it.
constexpr const char* kStateDict = "state_dict";
constexpr const char* kEpoch = "epoch";
constexpr const char* kResult = "val_result";
constexpr const char* kPromptbed = "promptbed";

std::map<std::string, Tensor> read_tensors(const fs::path& path) {
  std::map<std::string, Tensor> tensors;
  for (auto& [name, tensor] : read_tensor_file(path))
    tensors[name.starts_with(kDataParallel) ? name.substr(kDataParallel.size()) : name] = tensor;
  return tensors;
}

/// Takes a tensor out of the map, undefined if it is not there.
Tensor take(std::map<std::string, Tensor>& tensors, const char* name) {
  const auto node = tensors.extract(name);
  return node.empty() ? Tensor() : node.mapped();
}

/// f32 numbers of their own, whatever the checkpoint's precision.
Tensor learned(const Tensor& stored) {
  return stored.to(torch::kFloat).contiguous().clone();
}

LearnedTensors take_learned(std::map<std::string, Tensor>& tensors, const fs::path& path) {
  if (is_whole_model(tensors)) return take_learned_tensors(tensors, path);
  const Tensor context = take(tensors, kContext);
  if (!context.defined() || (context.dim() != 2 && context.dim() != 3)) {
    throw Error(fmt::format(
        "{}: has no context (ctx); give prompt_learner/model.pth.tar-N of CoOp or CoCoOp, or what MaPLe's or "
        "PromptSRC's code saved",
        path.string()));
  }
  NamedTensors state = {{kContext, learned(context)}};
  for (const char* name : kMetaNet) {
    if (const Tensor tensor = take(tensors, name); tensor.defined())
      state.emplace_back(name, learned(tensor));
  }
  if (state.size() != 1 && state.size() != 1 + kMetaNet.size())
    throw Error(fmt::format("{}: has only a part of CoCoOp's Meta-Net; save it again", path.string()));
  OptionValues options = {{"n_ctx", context.size(-2)}};
  if (context.dim() == 3) options["csc"] = true;
  return {state.size() == 1 ? "coop" : "cocoop", std::move(options), std::move(state)};
}

/// The texts that promptbed puts beside a state that it exports.
std::optional<TrainedPrompt> exported_prompt(const PickleEntries& root, const NamedTensors& state,
                                             const fs::path& path) {
  const PickleValue* const value = find_entry(root, kPromptbed);
  const PickleEntries* const texts = value != nullptr ? entries_of(*value) : nullptr;
  if (texts == nullptr) return std::nullopt;
  TensorTexts held;
  for (const char* key : {kPromptRun, kPromptClassNames, kPromptOrigin, kPromptHash}) {
    const PickleValue* const found = find_entry(*texts, key);
    if (const auto* const text = found != nullptr ? found->as<std::string>() : nullptr) held[key] = *text;
  }
  const auto hash = held.extract(kPromptHash);
  if (!hash.empty() && hash.mapped() != hash_of_prompt(held, state))
    throw Error(fmt::format("{}: is damaged (it does not match its hash); export it again", path.string()));
  const auto parsed = [&](const char* key) {
    return parse_json(held[key], fmt::format("{}: {}", path.string(), key));
  };
  try {
    TrainedPrompt prompt{RunSpec::parse(parsed(kPromptRun)), parsed(kPromptClassNames), state};
    if (held.contains(kPromptOrigin)) prompt.origin = parse_origin(parsed(kPromptOrigin));
    prompt.has_hash = !hash.empty();
    return prompt;
  } catch (const json::exception& fault) {
    throw Error(fmt::format("{}: is damaged ({}); export it again", path.string(), fault.what()));
  }
}

std::optional<int64_t> epoch_in(const PickleEntries& root) {
  const PickleValue* const value = find_entry(root, kEpoch);
  const auto* const epoch = value != nullptr ? value->as<int64_t>() : nullptr;
  return epoch != nullptr ? std::optional(*epoch) : std::nullopt;
}

/// Whether two vectors are the same up to rounding to half precision.
bool same_embedding(const Tensor& a, const Tensor& b) {
  constexpr double kHalfPrecision = 1e-2;  // relative
  const Tensor x = a.to(torch::kFloat), y = b.to(torch::kFloat);
  return (x - y).norm().item<double>() <= kHalfPrecision * y.norm().item<double>();
}

void check_width(const char* what, int64_t width, int64_t expected, const std::string& file) {
  if (width == expected) return;
  throw Error(
      fmt::format("{}: its {} has width {}, and the model's {}; give the model that it was trained with",
                  file, what, width, expected));
}

/// Whether the prompt is one that the reference can load.
bool is_reference_state(const NamedTensors& state) {
  const auto is_known = [](const auto& entry) {
    return entry.first == kContext || std::ranges::find(kMetaNet, entry.first) != kMetaNet.end();
  };
  const bool has_context =
      std::ranges::any_of(state, [](const auto& entry) { return entry.first == kContext; });
  return has_context && (state.size() == 1 || state.size() == 1 + kMetaNet.size()) &&
         std::ranges::all_of(state, is_known);
}

/// Whether its prompts are the context, the name and a full stop, and its Meta-Net makes one shift of the
/// image's features, as the reference would have it. Other methods may have tensors of the same names.
bool has_reference_prompts(const TrainedPrompt& prompt) {
  constexpr int64_t kBottleneck = 16;
  int64_t tokens = 0, width = 0, shift = 0;
  bool has_bottleneck = true;
  for (const auto& [name, tensor] : prompt.state) {
    if (name == kContext) std::tie(tokens, width) = std::pair(tensor.size(-2), tensor.size(-1));
    if (name == kMetaNet[0])
      has_bottleneck =
          tensor.dim() == 2 && tensor.size(0) == std::max<int64_t>(1, tensor.size(1) / kBottleneck);
    if (name == kMetaNet[2]) shift = tensor.size(0);
  }
  const OptionValues& options = prompt.run.options;
  const auto count = options.find("n_ctx"), rest = options.find("rest");
  return (count == options.end() || count->second == OptionValue(tokens)) &&
         (rest == options.end() || rest->second == OptionValue(std::string(kNameAlone))) &&
         (shift == 0 || (shift == width && has_bottleneck));
}

int64_t epochs_of(const TrainedPrompt& prompt) {
  if (prompt.origin && prompt.origin->epoch) return *prompt.origin->epoch;
  const std::optional<Recipe>& recipe = prompt.run.recipe;
  return recipe && recipe->iterations == 0 ? recipe->epochs : 0;
}

}  // namespace

ReferenceCheckpoint read_reference_checkpoint(const fs::path& path) {
  if (!is_torch_file(path)) {
    read_tensor_file(path);  // says what is wrong with it, if it is a checkpoint at all
    throw Error(
        fmt::format("{}: is no file of torch.save; give prompt_learner/model.pth.tar-N of CoOp or CoCoOp, or "
                    "what MaPLe's or "
                    "PromptSRC's code saved",
                    path.string()));
  }
  std::map<std::string, Tensor> tensors = read_tensors(path);
  ReferenceCheckpoint checkpoint;
  checkpoint.origin.file = path.filename().string();
  checkpoint.learned = take_learned(tensors, path);
  checkpoint.prefix = take(tensors, kPrefix);
  checkpoint.suffix = take(tensors, kSuffix);
  if (!tensors.empty()) {
    throw Error(
        fmt::format("{}: holds {}, which is neither CoOp's, CoCoOp's, MaPLe's nor PromptSRC's; only theirs "
                    "can be imported",
                    path.string(), tensors.begin()->first));
  }
  const TorchArchive archive(path);
  if (const PickleEntries* const root = entries_of(archive.root())) {
    checkpoint.origin.epoch = epoch_in(*root);
    checkpoint.exported = exported_prompt(*root, checkpoint.learned.state, path);
  }
  return checkpoint;
}

void check_model(const ReferenceCheckpoint& checkpoint, const ClipModel& model) {
  const Tensor& embedding = model.checkpoint().at("token_embedding.weight");
  const std::string& file = checkpoint.origin.file;
  check_width("context", checkpoint.context().size(-1), embedding.size(1), file);
  if (checkpoint.learned.method == "cocoop")
    check_width("Meta-Net", checkpoint.learned.state[1].second.size(-1), model.embedding_width(), file);
  if (checkpoint.exported) check_model(*checkpoint.exported, model.fingerprint(), model.tokenizer_id());
  if (!checkpoint.prefix.defined()) return;
  const int64_t start = embedding.size(0) - 2;
  if (checkpoint.prefix.numel() > 0 && checkpoint.prefix.size(-1) == embedding.size(1) &&
      same_embedding(checkpoint.prefix.flatten(0, -2)[0], embedding[start]))
    return;
  throw Error(fmt::format(
      "{}: its embedding of the start of text is not the model's; give the model that it was trained with",
      file));
}

void write_reference_checkpoint(const fs::path& path, const TrainedPrompt& prompt) {
  if (!is_reference_state(prompt.state)) {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : prompt.state) names.push_back(name);
    throw Error(fmt::format(
        "trained prompt of {}: has the tensors {}, and the reference loads CoOp's and CoCoOp's only",
        title_of(prompt), fmt::join(names, ", ")));
  }
  if (!has_reference_prompts(prompt)) {
    throw Error(
        fmt::format("trained prompt of {}: its prompts are not CoOp's, and the reference would build those; "
                    "there is no form to export it in",
                    title_of(prompt)));
  }
  TorchDict state, own;
  NamedTensors read_back;  // as take_learned reads them
  for (const auto& [name, tensor] : prompt.state) {
    state.push_back({name, tensor});
    read_back.emplace_back(name, learned(tensor));
  }
  TensorTexts texts = {{kPromptRun, prompt.run.canonical().dump()},
                       {kPromptClassNames, json(prompt.class_names).dump()}};
  if (prompt.origin) texts[kPromptOrigin] = to_json(*prompt.origin).dump();
  texts[kPromptHash] = hash_of_prompt(texts, read_back);
  for (const auto& [key, text] : texts) own.push_back({key, text});
  write_torch_file(path,
                   {{kStateDict, state}, {kEpoch, epochs_of(prompt)}, {kResult, {}}, {kPromptbed, own}});
}

}  // namespace promptbed
