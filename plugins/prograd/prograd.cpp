#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace promptbed {
namespace {

/// A template of the authors' code (BeierZhu/Prompt-align, trainers/prograd.py) where it is not the
/// dataset's.
struct Choice {
  const char* dataset;
  const char* prompt_template;
};

constexpr Choice kChoices[] = {{"dtd", "a texture of {}."},
                               {"fgvc_aircraft", "a type of aircraft, a photo of a {}."},
                               {"food101", "a type of food, a photo of {}."},
                               {"oxford_flowers", "a type of flower, a photo of a {}."},
                               {"oxford_pets", "a type of pet, a photo of a {}."}};

/// The authors' template for a dataset, or else the dataset's own.
std::string template_for(const Setting& setting) {
  const auto* const found =
      std::ranges::find_if(kChoices, [&](const Choice& choice) { return choice.dataset == setting.dataset; });
  return found == std::end(kChoices) ? setting.prompt_template : found->prompt_template;
}

int64_t count_words(const std::string& text) {
  std::istringstream words(text);
  return std::distance(std::istream_iterator<std::string>(words), {});
}

/// What a template says before the class name: "a photo of a {}." -> "a photo of a".
std::string words_before_name(const std::string& prompt_template) {
  const std::string words = prompt_template.substr(0, prompt_template.find("{}"));
  return words.substr(0, words.find_last_not_of(' ') + 1);
}

/// Prompt-aligned Gradient (arXiv 2205.14865): if the gradient d of the cross-entropy opposes the gradient
/// g of the divergence from the zero-shot predictions, its component along g is removed:
///
///     d                              where d . g >= 0
///     d - weight (d . g / |g|^2) g   otherwise
///
/// The context is that of the authors' code (BeierZhu/Prompt-align): of its M vectors the last start from
/// words and those before them from zero. That code counts words and not tokens: tokens beyond the number of
/// words are not learned, and stand between the context and the class name.
class ProGrad final : public ContextLearner {
 public:
  using ContextLearner::ContextLearner;

  Offers offers() const override { return {.repeatable_steps = true}; }

  Options resolve(const Setting& setting) override {
    if (const double weight = options().real("weight"); !(weight >= 0 && weight <= kMost))
      throw Error(fmt::format("weight {}: give 0 to {}", weight, kMost));
    if (const double temperature = options().real("temperature");
        !(temperature >= 1 / kMost && temperature <= kMost))
      throw Error(fmt::format("temperature {}: give {} to {}", temperature, 1 / kMost, kMost));
    if (options().text("template").empty()) options().set("template", OptionValue(template_for(setting)));
    check_template(setting, options().text("template"));
    settle_context();
    if (!words().empty() && setting.tokenizer->encode(words()).empty())
      throw Error(fmt::format("ctx_init \"{}\" has no token; give words, or n_ctx alone", words()));
    const auto leftover = static_cast<int64_t>(split_words(*setting.tokenizer).fixed.size());
    check_prompt_lengths(setting, options().integer("n_ctx"));
    check_prompt_lengths(setting, options().integer("n_ctx") + leftover);
    return options();
  }

  /// The authors' scripts: by shots in `few-shot`, and otherwise 100 epochs.
  Recipe recipe(const Setting& setting) const override {
    Recipe recipe;
    recipe.epochs = 100;
    if (setting.protocol == Protocol::few_shot && setting.shots == 1) recipe.epochs = 50;
    if (setting.protocol == Protocol::few_shot && setting.shots >= 8) recipe.epochs = 200;
    return recipe;
  }

  void bind(const Task& task) override {
    const std::vector<int64_t> fixed = split_words(*task.tokenizer).fixed;
    fixed_ = fixed.empty() ? Tensor() : task.text_encoder->embed(fixed);
    ContextLearner::bind(task);
    zero_shot_ = template_features(task, options().text("template"), task.class_names);
  }

  /// The cross-entropy, as loss(); the gradient is the aligned one.
  Tensor backward(const Batch& batch) override {
    const Tensor learned = logits(batch);
    const Tensor entropy = at::cross_entropy_loss(learned, batch.labels);
    const Tensor context = trainable().front().second;
    const Tensor general = gradient_of(divergence(batch, learned), context);
    const Tensor own = gradient_of(entropy, context);
    context.mutable_grad() = aligned(own, general);
    return entropy.detach();
  }

  /// With the words that are not learned, since a reader of the context alone would build other prompts.
  NamedTensors state() override {
    NamedTensors state = ContextLearner::state();
    if (fixed_.defined()) state.emplace_back(kFixed, fixed_);
    return state;
  }

  /// Earlier versions left those words out.
  void load_state(const NamedTensors& state) override {
    NamedTensors whole = state;
    const bool has_words = std::ranges::count(state, kFixed, &NamedTensors::value_type::first) > 0;
    if (fixed_.defined() && !has_words) whole.emplace_back(kFixed, fixed_);
    ContextLearner::load_state(whole);
  }

 protected:
  Tensor initial_vectors() const override {
    if (words().empty()) return ContextLearner::initial_vectors();
    const Tensor embedded = task().text_encoder->embed(split_words(*task().tokenizer).learned);
    const int64_t padding = options().integer("n_ctx") - embedded.size(0);
    return at::cat({at::zeros({padding, embedded.size(1)}, embedded.options()), embedded});
  }

  Tensor with_fixed_words(const Tensor& learned) const override {
    return fixed_.defined() ? at::cat({learned, fixed_}) : learned;
  }

 private:
  static constexpr int64_t kAuthorsTokens = 16;
  static constexpr double kMost = 1e6;  // of what divides or multiplies a loss
  static constexpr const char* kFixed = "fixed";

  /// The words' tokens: as many as there are words are where the context starts, and the others stay.
  struct SplitWords {
    std::vector<int64_t> learned, fixed;
  };

  std::string words() const { return spoken(options().text("ctx_init")); }

  /// Without n_ctx there are sixteen tokens, which start from the template's words unless others are given.
  void settle_context() {
    const int64_t given = options().integer("n_ctx");
    if (given < 0) throw Error(fmt::format("option n_ctx: {} is negative; give 0 or more", given));
    if (given == 0) {
      options().set("n_ctx", OptionValue(kAuthorsTokens));
      if (options().text("ctx_init").empty())
        options().set("ctx_init", OptionValue(words_before_name(options().text("template"))));
    }
    if (const int64_t words_given = count_words(words()); words_given > options().integer("n_ctx")) {
      throw Error(fmt::format("ctx_init \"{}\" has {} words and n_ctx is {}; give at least as many tokens",
                              words(), words_given, options().integer("n_ctx")));
    }
  }

  SplitWords split_words(const Tokenizer& tokenizer) const {
    if (words().empty()) return {};
    const std::vector<int64_t> tokens = tokenizer.encode(words());
    const auto border = tokens.begin() + std::min<std::ptrdiff_t>(count_words(words()), std::ssize(tokens));
    return {{tokens.begin(), border}, {border, tokens.end()}};
  }

  /// KL(zero-shot || learned) at the temperature but for the zero-shot entropy, which is constant.
  Tensor divergence(const Batch& batch, const Tensor& learned) const {
    const double temperature = options().real("temperature");
    const Tensor target = (similarities(batch, zero_shot_) / temperature).softmax(-1);
    return -(target * (learned / temperature).log_softmax(-1)).sum(-1).mean() * temperature * temperature;
  }

  static Tensor gradient_of(const Tensor& value, const Tensor& leaf) {
    leaf.mutable_grad() = Tensor();
    value.backward({}, /*retain_graph=*/true);
    return leaf.grad();
  }

  Tensor aligned(const Tensor& own, const Tensor& general) const {
    const Tensor product = (own * general).sum().to(torch::kDouble);
    const Tensor share = options().real("weight") * product / general.square().sum().to(torch::kDouble);
    return own - general * at::where(product < 0, share, at::zeros_like(share));
  }

  Tensor zero_shot_;  // [K, D], of the classes trained on
  Tensor fixed_;      // [T, W], between the context and the class name; undefined if there are none
};

constexpr OptionSpec kOptions[] = {
    {"template", OptionType::text, "",
     "of the zero-shot predictions and the words; \"\": the authors' for the dataset"},
    {"n_ctx", OptionType::integer, "0", "context tokens, drawn at random without ctx_init; 0: 16"},
    {"ctx_init", OptionType::text, "",
     "words to start from, after zeros; default: the template's before {}, unless n_ctx is given"},
    {"weight", OptionType::real, "1",
     "share of the conflicting part that is taken away (the paper's lambda)"},
    {"temperature", OptionType::real, "1", "of the zero-shot and the learned predictions in the divergence"}};

constexpr MethodSpec kMethods[] = {
    {"prograd", 2, "ProGrad: CoOp without the part of its gradients that opposes zero-shot",
     Training::trainable, kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new ProGrad(options); },
     /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
