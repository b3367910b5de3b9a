#include "prompts/whole_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace promptbed {
namespace {

constexpr std::string_view kLearner = "prompt_learner.";
constexpr const char* kLearnedContext = "prompt_learner.ctx";

/// Every prompt of these methods; the context takes the place of its first words.
constexpr std::array kWords = {"a", "photo", "of", "a"};

/// A number in the place of {} of a pattern that has one: the block in "transformer.resblocks.{}.VPT".
std::optional<int64_t> number_in(const std::string& name, std::string_view before, std::string_view after) {
  if (!name.starts_with(before) || !name.ends_with(after) || name.size() <= before.size() + after.size())
    return std::nullopt;
  const std::string digits = name.substr(before.size(), name.size() - before.size() - after.size());
  if (digits.find_first_not_of("0123456789") != std::string::npos || digits.size() > 3) return std::nullopt;
  return std::stoll(digits);
}

/// Authors' names with a number, ours, and what our number is more than theirs.
struct Numbered {
  std::string_view before, after;
  std::string_view ours;
  int64_t more = 0;
};

constexpr Numbered kMaple[] = {
    {"prompt_learner.compound_prompts_text.", "", "deep.{}", 1},
    {"prompt_learner.compound_prompt_projections.", ".weight", "projection.{}.weight", 1},
    {"prompt_learner.compound_prompt_projections.", ".bias", "projection.{}.bias", 1}};
constexpr Numbered kIndependent[] = {{"text_encoder.transformer.resblocks.", ".VPT_shallow", "deep.{}"},
                                     {"image_encoder.transformer.resblocks.", ".VPT_shallow", "image.{}"}};

/// Our name for a learned tensor of a whole model; "" for one that is frozen.
std::string our_name(const std::string& name) {
  if (name == kLearnedContext) return "ctx";
  if (name == "prompt_learner.proj.weight") return "projection.0.weight";
  if (name == "prompt_learner.proj.bias") return "projection.0.bias";
  if (name == "image_encoder.VPT") return "image.0";
  const auto numbered = [&](const auto& patterns) -> std::string {
    for (const auto& [before, after, ours, more] : patterns) {
      if (const auto number = number_in(name, before, after))
        return fmt::format(fmt::runtime(ours), *number + more);
    }
    return "";
  };
  const std::string of_maple = numbered(kMaple);
  return of_maple.empty() ? numbered(kIndependent) : of_maple;
}

bool is_frozen(const std::string& name) {
  for (const char* part : {"image_encoder.", "text_encoder.", "logit_scale", "prompt_learner.ZS_"})
    if (name.starts_with(part)) return true;
  return false;
}

/// How many learned tensors are named NAME.1, NAME.2, ... one after the other. Throws Error if one is
/// missing.
int64_t count_numbered(const std::map<std::string, Tensor>& learned, const std::string& name, int64_t first,
                       const std::filesystem::path& path) {
  int64_t count = 0, last = first - 1;
  for (const auto& [key, tensor] : learned) {
    if (const auto number = number_in(key, name + ".", "")) {
      ++count;
      last = std::max(last, *number);
    }
  }
  if (last - first + 1 != count)
    throw Error(fmt::format("{}: lacks learned tokens of a block; save it again", path.string()));
  return count;
}

/// "a photo" and "of a" of two learned words.
std::pair<std::string, std::string> divided_words(int64_t learned) {
  if (learned > static_cast<int64_t>(kWords.size())) return {"", ""};  // drawn at random
  const auto middle = kWords.begin() + learned;
  return {fmt::format("{}", fmt::join(kWords.begin(), middle, " ")),
          fmt::format("{}", fmt::join(middle, kWords.end(), " "))};
}

OptionValues kept_options(const std::map<std::string, Tensor>& learned, const std::string& words,
                          const std::string& rest, const std::filesystem::path& path) {
  OptionValues options = {{"n_ctx", learned.at("ctx").size(0)},
                          {"ctx_init", words},
                          {"rest", rest.empty() ? "{}." : rest + " {}."},
                          {"depth", 1 + count_numbered(learned, "deep", 1, path)}};
  if (learned.contains("image.0")) {
    options["n_ctx_vision"] = learned.at("image.0").size(0);
    options["depth_vision"] = count_numbered(learned, "image", 0, path);
  }
  return options;
}

}  // namespace

bool is_whole_model(const std::map<std::string, Tensor>& tensors) {
  return tensors.contains(kLearnedContext);
}

LearnedTensors take_learned_tensors(std::map<std::string, Tensor>& tensors,
                                    const std::filesystem::path& path) {
  std::map<std::string, Tensor> learned, rest;
  for (const auto& [name, tensor] : tensors) {
    if (const std::string ours = our_name(name); !ours.empty()) {
      learned[ours] = tensor.to(torch::kFloat).contiguous().clone();  // numbers of its own
    } else if (!is_frozen(name)) {
      rest[name.starts_with(kLearner) ? name.substr(kLearner.size()) : name] = tensor;
    }
  }
  const bool maple = learned.contains("projection.0.weight"), independent = learned.contains("image.0");
  if (maple == independent || learned.at("ctx").dim() != 2) {
    throw Error(
        fmt::format("{}: holds a whole model with a prompt of neither MaPLe's nor PromptSRC's; only theirs "
                    "can be imported",
                    path.string()));
  }
  tensors = std::move(rest);
  const auto [words, fixed] = divided_words(learned.at("ctx").size(0));
  LearnedTensors result{.method = maple ? "maple" : "promptsrc",
                        .options = kept_options(learned, words, fixed, path),
                        .state = {{"ctx", learned.at("ctx")}},
                        .words = fixed};
  learned.erase("ctx");
  for (const auto& [name, tensor] : learned) result.state.emplace_back(name, tensor);
  return result;
}

}  // namespace promptbed
