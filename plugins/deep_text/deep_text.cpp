#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace promptbed {
namespace {

/// Deep language prompting, the text half of independent vision-language prompting (arXiv 2210.03117, table
/// 3): a learned context as CoOp's, and further learned tokens that take its place where each of the first
/// blocks of the text tower begins. The recipe is that of the authors' code
/// (muzairkhattak/multimodal-prompt-learning).
class DeepText final : public ContextLearner {
 public:
  using ContextLearner::ContextLearner;

  Offers offers() const override { return {.text_features = true}; }

  /// The first `n_ctx` tokens of the words are learned; words behind them stay in front of the class name.
  Options resolve(const Setting& setting) override {
    Options& chosen = options();
    const int64_t depth = chosen.integer("depth");
    if (depth < 1) throw Error(fmt::format("depth {}: give 1 or more blocks", depth));
    chosen.set("depth", OptionValue(std::min(depth, setting.text_blocks)));
    split_words(setting);
    return ContextLearner::resolve(setting);
  }

  Recipe recipe(const Setting&) const override {
    Recipe recipe;
    recipe.epochs = 5;
    recipe.batch_size = 4;
    recipe.groups = {{.prefix = "", .learning_rate = 0.0025}};
    return recipe;
  }

  void bind(const Task& task) override {
    deep_.clear();
    for (int64_t block = 1; block < options().integer("depth"); ++block) {
      const Tensor tokens =
          at::empty({options().integer("n_ctx"), task.text_encoder->width()}, torch::kFloat);
      deep_.push_back(
          {block, tokens.normal_(0, kDeviation, task.generator).to(task.device).requires_grad_()});
    }
    ContextLearner::bind(task);
  }

  NamedTensors trainable() override {
    NamedTensors tensors = ContextLearner::trainable();
    for (const BlockTokens& deep : deep_)
      tensors.emplace_back(fmt::format("deep.{}", deep.block), deep.tokens);
    return tensors;
  }

 protected:
  std::string rest() const override { return options().text("rest"); }

  PromptBatch prompts() const override {
    PromptBatch prompts = ContextLearner::prompts();
    prompts.deep = deep_;
    return prompts;
  }

 private:
  static constexpr double kDeviation = 0.02;

  /// Moves the words behind the first `n_ctx` tokens from `ctx_init` to `rest`. Throws Error if a word has
  /// tokens on both sides.
  void split_words(const Setting& setting) {
    Options& chosen = options();
    const int64_t count = chosen.integer("n_ctx");
    if (count < 0) throw Error(fmt::format("n_ctx {}: give 0 or more", count));
    const std::string words = spoken(chosen.text("ctx_init"));
    if (count == 0 || words.empty()) return;
    const auto tokens = [&](const std::string& text) {
      return static_cast<int64_t>(setting.tokenizer->encode(text).size());
    };
    size_t end = words.size();
    while (end != std::string::npos && tokens(words.substr(0, end)) > count)
      end = words.find_last_of(' ', end - 1);
    if (end == std::string::npos || tokens(words.substr(0, end)) != count) {
      throw Error(
          fmt::format("n_ctx {}: no word of ctx_init \"{}\" ends there; give another number", count, words));
    }
    chosen.set("ctx_init", OptionValue(words.substr(0, end)));
    if (end < words.size())
      chosen.set("rest", OptionValue(words.substr(end + 1) + " " + chosen.text("rest")));
  }

  std::vector<BlockTokens> deep_;  // of blocks 1 to depth - 1
};

constexpr OptionSpec kOptions[] = {
    {"n_ctx", OptionType::integer, "4", "learned tokens a block; 0: as many as ctx_init has"},
    {"ctx_init", OptionType::text, "a photo of a",
     "words that the first block's tokens start from; \"\": drawn at random, as the deeper ones are"},
    {"rest", OptionType::text, "{}.", "what follows the learned tokens, {} being the class name"},
    {"depth", OptionType::integer, "12",
     "blocks with learned tokens of their own, at most those of the model"}};

constexpr MethodSpec kMethods[] = {
    {"deep_text", 1, "Learned tokens in every block of the text tower (IVLP's text half)",
     Training::trainable, kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new DeepText(options); }, /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
