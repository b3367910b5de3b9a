#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace promptbed {
namespace {

/// The attributes that the authors' code (zhengli97/ATPrompt, train.py) has for a dataset.
struct Choice {
  const char* dataset;
  const char* attributes;
};

constexpr Choice kChoices[] = {{"caltech101", "shape size"},
                               {"dtd", "pattern color design"},
                               {"eurosat", "habitat"},
                               {"fgvc_aircraft", "design range"},
                               {"food101", "flavor preparation"},
                               {"imagenet", "color shape"},
                               {"oxford_flowers", "color habitat growth"},
                               {"oxford_pets", "playfulness energy"},
                               {"stanford_cars", "luxury"},
                               {"sun397", "function"},
                               {"ucf101", "precision"}};

/// ImageNet's serve other datasets.
std::string attributes_for(const std::string& dataset) {
  const auto of = [](const std::string& name) {
    return std::ranges::find_if(kChoices, [&](const Choice& choice) { return choice.dataset == name; });
  };
  const auto* found = of(dataset);
  return (found == std::end(kChoices) ? of("imagenet") : found)->attributes;
}

/// ATPrompt (arXiv 2412.09442), its shallow form on CoOp: fixed attribute words stand among the learned
/// vectors, n before each of them and n before the class name,
///
///     [SOS] v1 .. vn color vn+1 .. v2n shape v2n+1 .. v3n name . [EOS]
class ATPrompt final : public ContextLearner {
 public:
  using ContextLearner::ContextLearner;

  Offers offers() const override { return {.text_features = true, .repeatable_steps = true}; }

  Options resolve(const Setting& setting) override {
    if (options().text("attributes").empty())
      options().set("attributes", OptionValue(attributes_for(setting.dataset)));
    if (options().integer("n_ctx") == 0)
      options().set("n_ctx", OptionValue(has_source(setting.protocol) ? kTokensForOthers : kTokens));
    if (options().integer("n_ctx") < 1)
      throw Error(fmt::format("n_ctx {}: give a number above 0, or 0 for the authors' choice",
                              options().integer("n_ctx")));
    int64_t tokens = options().integer("n_ctx");
    check_prompt_lengths(setting, tokens);
    for (const std::string& word : attributes())
      tokens += options().integer("n_ctx") + static_cast<int64_t>(setting.tokenizer->encode(word).size());
    check_prompt_lengths(setting, tokens);
    return options();
  }

  /// The authors' scripts: CoOp's recipe, shorter.
  Recipe recipe(const Setting& setting) const override {
    Recipe recipe;
    recipe.epochs = has_source(setting.protocol) ? 10 : 100;
    return recipe;
  }

  void bind(const Task& task) override {
    embedded_.clear();
    for (const std::string& word : attributes())
      embedded_.push_back(task.text_encoder->embed(task.tokenizer->encode(word)));
    ContextLearner::bind(task);
  }

 protected:
  /// Those before attributes are drawn from N(0, 0.01), those before the class name from N(0, 0.02).
  Tensor initial_vectors() const override {
    const int64_t tokens = options().integer("n_ctx"), width = task().text_encoder->width();
    const auto draw = [&](int64_t count, double deviation) {
      return at::empty({count, width}, torch::kFloat).normal_(0, deviation, task().generator);
    };
    const Tensor before_attributes = draw(tokens * static_cast<int64_t>(embedded_.size()), 0.01);
    return at::cat({before_attributes, draw(tokens, 0.02)}).to(task().device);
  }

  Tensor with_fixed_words(const Tensor& learned) const override {
    const int64_t tokens = options().integer("n_ctx");
    std::vector<Tensor> parts;
    for (const Tensor& attribute : embedded_) {
      parts.push_back(learned.narrow(0, tokens * static_cast<int64_t>(parts.size() / 2), tokens));
      parts.push_back(attribute);
    }
    parts.push_back(learned.narrow(0, learned.size(0) - tokens, tokens));
    return at::cat(parts);
  }

 private:
  static constexpr int64_t kTokens = 2, kTokensForOthers = 4;

  std::vector<std::string> attributes() const {
    std::istringstream words(options().text("attributes"));
    return {std::istream_iterator<std::string>(words), {}};
  }

  std::vector<Tensor> embedded_;  // [T, W] of each attribute
};

constexpr OptionSpec kOptions[] = {
    {"attributes", OptionType::text, "",
     "fixed words, separated by blanks; default: the authors' for the dataset"},
    {"n_ctx", OptionType::integer, "0",
     "learned tokens before each attribute and the name; 0: 2, or 4 to test other datasets"}};

constexpr MethodSpec kMethods[] = {
    {"atprompt", 1, "ATPrompt on CoOp: attribute words among the learned vectors", Training::trainable,
     kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new ATPrompt(options); }, /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
