#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <algorithm>
#include <string>

namespace promptbed {
namespace {

/// What the authors' code (htyao89/Textual-based_Class-aware_prompt_tuning, trainers/tcp.py) takes for a
/// dataset where it is not what the dataset says.
struct Wording {
  const char* dataset;
  const char* knowledge;  ///< template of the class features; "": the dataset's
  const char* rest;       ///< what follows the context
};

constexpr Wording kWordings[] = {{"dtd", "a photo of a {}, a type of texture.", "{} texture."},
                                 {"fgvc_aircraft", "a photo of an aircraft {}.", "{}, a type of aircraft."},
                                 {"food101", "a photo of a {}, a type of food.", "{}, a type of food."},
                                 {"oxford_flowers", "", "{}, a type of flower."},
                                 {"oxford_pets", "", "{}, a type of pet."},
                                 {"stanford_cars", "", "{}, a type of car"},
                                 {"ucf101", "", "person doing {}."}};

Wording wording_for(const std::string& dataset) {
  const auto found = std::find_if(std::begin(kWordings), std::end(kWordings),
                                  [&](const Wording& wording) { return wording.dataset == dataset; });
  return found == std::end(kWordings) ? Wording{"", "", kNameAlone} : *found;
}

/// x sigmoid(1.702 x)
Tensor quick_gelu(const Tensor& x) {
  return x * at::sigmoid(1.702 * x);
}

/// Makes a class's tokens from its features: Linear-QuickGELU-Linear with a four-fold bottleneck (arXiv
/// 2311.18231, section 3.3).
class KnowledgeNet {
 public:
  KnowledgeNet() = default;

  /// D inputs, `tokens` W outputs.
  KnowledgeNet(const Task& task, int64_t tokens) : tokens_(tokens) {
    const int64_t inputs = task.feature_width, outputs = tokens * task.text_encoder->width();
    const int64_t hidden = std::max<int64_t>(1, inputs / kBottleneck);
    weight1_ = initial_linear(task, {hidden, inputs}, inputs);
    bias1_ = initial_linear(task, {hidden}, inputs);
    weight2_ = initial_linear(task, {outputs, hidden}, hidden);
    bias2_ = initial_linear(task, {outputs}, hidden);
  }

  /// [K, D] -> [K, tokens, W]
  Tensor operator()(const Tensor& features) const {
    const Tensor hidden = quick_gelu(at::linear(features, weight1_, bias1_));
    return at::linear(hidden, weight2_, bias2_).unflatten(-1, {tokens_, -1});
  }

  NamedTensors tensors() const {
    return {{"meta_net.linear1.weight", weight1_},
            {"meta_net.linear1.bias", bias1_},
            {"meta_net.linear2.weight", weight2_},
            {"meta_net.linear2.bias", bias2_}};
  }

 private:
  static constexpr int64_t kBottleneck = 4;

  int64_t tokens_ = 0;
  Tensor weight1_, bias1_, weight2_, bias2_;
};

/// Textual-based Class-aware Prompt tuning (arXiv 2311.18231): a learned context whose tokens give way, where
/// a later block begins, to tokens made of the class's own zero-shot features c_k. The learned features w_k
/// are held near those:
///
///     L = L_ce + weight (1 - 1/K sum_k cos(w_k, c_k))
class Tcp final : public ContextLearner {
 public:
  using ContextLearner::ContextLearner;

  Offers offers() const override { return {.text_features = true, .repeatable_steps = true}; }

  Options resolve(const Setting& setting) override {
    Options& chosen = options();
    const Wording wording = wording_for(setting.dataset);
    const auto settle = [&](const char* name, const std::string& otherwise) {
      if (chosen.text(name).empty()) chosen.set(name, OptionValue(otherwise));
    };
    settle("knowledge", *wording.knowledge == '\0' ? setting.prompt_template : wording.knowledge);
    settle("rest", wording.rest);
    if (const std::string& words = chosen.text("ctx_init"); !words.empty()) {
      const auto tokens = setting.tokenizer->encode(spoken(words)).size();
      chosen.set("n_ctx", OptionValue(static_cast<int64_t>(tokens)));
    }
    if (const double weight = chosen.real("weight"); !(weight >= 0 && weight <= kMostWeight))
      throw Error(fmt::format("weight {}: give 0 to {}", weight, kMostWeight));
    if (chosen.integer("n_ctx") < 1)
      throw Error(fmt::format("n_ctx {}: give 1 or more tokens", chosen.integer("n_ctx")));
    if (setting.text_blocks < 2)
      throw Error("the text tower of this model has one block, and tcp needs two; choose another model");
    if (chosen.integer("layer") == 0)  // the authors' 8 of 12
      chosen.set("layer", OptionValue(std::max<int64_t>(1, 2 * setting.text_blocks / 3)));
    const int64_t layer = chosen.integer("layer");
    if (layer < 1 || layer >= setting.text_blocks) {
      throw Error(fmt::format(
          "layer {}: the model's text tower has blocks 1 to {} behind the first; give one of them", layer,
          setting.text_blocks - 1));
    }
    check_template(setting, chosen.text("knowledge"));
    return ContextLearner::resolve(setting);
  }

  Recipe recipe(const Setting& setting) const override {
    Recipe recipe;
    recipe.epochs = setting.dataset == "imagenet" || setting.dataset == "sun397" ? 25 : 50;
    recipe.optimiser = OptimiserKind::adam;
    recipe.epsilon = 1e-3;
    recipe.groups = {{.prefix = "", .momentum = 0}};
    return recipe;
  }

  void bind(const Task& task) override {
    knowledge_net_ = KnowledgeNet(task, options().integer("n_ctx"));
    knowledge_ = template_features(task, options().text("knowledge"), task.class_names);
    ContextLearner::bind(task);
  }

  NamedTensors trainable() override {
    NamedTensors tensors = ContextLearner::trainable();
    for (auto& tensor : knowledge_net_.tensors()) tensors.push_back(std::move(tensor));
    return tensors;
  }

  void retarget(const ClassNames& class_names) override {
    knowledge_ = template_features(task(), options().text("knowledge"), class_names);
    ContextLearner::retarget(class_names);
  }

 protected:
  std::string rest() const override { return options().text("rest"); }

  PromptBatch prompts() const override {
    PromptBatch prompts = ContextLearner::prompts();
    prompts.deep = {{options().integer("layer"), knowledge_net_(knowledge_)}};
    return prompts;
  }

  Tensor loss_of(const Batch& batch, const Tensor& text_features) const override {
    const Tensor nearness = (text_features * knowledge_).sum(-1).mean();
    return ContextLearner::loss_of(batch, text_features) + options().real("weight") * (1 - nearness);
  }

 private:
  static constexpr double kMostWeight = 1e6;

  KnowledgeNet knowledge_net_;
  Tensor knowledge_;  // [K, D], normalised zero-shot features of the classes served
};

constexpr OptionSpec kOptions[] = {
    {"n_ctx", OptionType::integer, "4",
     "context tokens, and tokens of each class; with ctx_init as many as that has"},
    {"ctx_init", OptionType::text, "", "words to start from; \"\": drawn at random"},
    {"knowledge", OptionType::text, "",
     "template of the class features that the tokens are made of; \"\": the authors' for the dataset"},
    {"rest", OptionType::text, "",
     "what follows the context, {} being the class name; \"\": the authors' for the dataset"},
    {"layer", OptionType::integer, "0",
     "block of the text tower, counted from 0, where the class's tokens enter; 0: behind two thirds of them"},
    {"weight", OptionType::real, "8", "of the distance to the class features"}};

constexpr MethodSpec kMethods[] = {
    {"tcp", 1, "TCP: context tokens that give way to tokens made of each class's features",
     Training::trainable, kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new Tcp(options); },
     /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
