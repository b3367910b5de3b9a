#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace promptbed {
namespace {

/// The weight of the distances to the frozen features, by dataset (yunncheng/MMRL, trainers/config.py); the
/// authors name none for others.
const std::map<std::string_view, double> kWeights = {
    {"stanford_cars", 7}, {"fgvc_aircraft", 6},  {"sun397", 6},    {"dtd", 6},
    {"food101", 5},       {"oxford_flowers", 4}, {"ucf101", 3},    {"imagenet", 0.5},
    {"caltech101", 0.5},  {"oxford_pets", 0.2},  {"eurosat", 0.01}};
constexpr double kOtherWeight = 0.5, kTransferWeight = 0.2;

/// The width of the shared tokens on EuroSAT, and on all else.
constexpr int64_t kWideSpace = 2048, kSpace = 512;

/// What is beyond these would fill the memory, or make the loss infinite.
constexpr int64_t kMostTokens = 1000, kWidestSpace = 65'536;
constexpr double kMostWeight = 1e6;

/// Linear layers from the shared tokens to the tokens of each representation block of one tower. They start
/// equal, as in the authors' code.
class Projections {
 public:
  Projections() = default;
  Projections(const Task& task, size_t count, int64_t from, int64_t to) {
    const LinearLayer first = LinearLayer::drawn(task, from, to);
    for (size_t i = 0; i < count; ++i) layers_.push_back(first.copy());
  }

  /// What enters at the blocks from `first` on: at the first one further tokens, which the others replace.
  std::vector<BlockTokens> entering(const Tensor& shared, int64_t first) const {
    std::vector<BlockTokens> tokens;
    for (const LinearLayer& layer : layers_) {
      const int64_t block = first + static_cast<int64_t>(tokens.size());
      tokens.push_back({block, layer(shared), /*inserted=*/block == first});
    }
    return tokens;
  }

  NamedTensors named(const std::string& tower) const {
    NamedTensors tensors;
    for (size_t i = 0; i < layers_.size(); ++i) {
      for (auto& tensor : layers_[i].named(fmt::format("{}.{}", tower, i)))
        tensors.push_back(std::move(tensor));
    }
    return tensors;
  }

 private:
  std::vector<LinearLayer> layers_;
};

/// Multi-Modal Representation Learning (MMRL, arXiv 2503.08497): tokens in a space that both towers share
/// enter the deeper blocks of both. In the image tower they are read out, too, by a projection of their own:
/// what they say of the trained classes leaves the class token's feature to what generalises. With
/// class-token features f, representation features r and text features t, all normalised, and those of the
/// frozen towers f0 and t0,
///
///     L = alpha CE(100 f t) + (1 - alpha) CE(100 r t) + weight ((1 - cos(f, f0)) + (1 - cos(t, t0)))
///
/// Trained classes are tested by alpha 100 f t + (1 - alpha) 100 r t, others by 100 f t. Recipes and weights
/// are those of the authors' code (yunncheng/MMRL).
class MMRL final : public PromptLearner {
 public:
  explicit MMRL(const Options& options) : options_(options) {}

  Offers offers() const override { return {.repeatable_steps = true}; }

  Needs needs() const override { return {.pixels = true}; }

  Options resolve(const Setting& setting) override {
    check_image_tower(setting);
    check_template(setting, setting.prompt_template);
    resolve_blocks(setting);
    if (const int64_t tokens = options_.integer("n_tokens"); tokens < 1 || tokens > kMostTokens)
      throw Error(fmt::format("n_tokens {}: give 1 to {}", tokens, kMostTokens));
    if (const int64_t space = options_.integer("space"); space < 0 || space > kWidestSpace)
      throw Error(fmt::format("space {}: give 0 to {}", space, kWidestSpace));
    if (const double weight = options_.real("weight"); !(weight <= kMostWeight))
      throw Error(fmt::format("weight {}: give a number up to {}", weight, kMostWeight));
    if (const double alpha = options_.real("alpha"); !(alpha >= 0 && alpha <= 1))
      throw Error(fmt::format("alpha {}: give a number from 0 to 1", alpha));
    if (options_.integer("space") == 0)
      options_.set("space", OptionValue(setting.dataset == "eurosat" ? kWideSpace : kSpace));
    if (options_.real("weight") < 0) options_.set("weight", OptionValue(authors_weight(setting)));
    return options_;
  }

  Recipe recipe(const Setting& setting) const override {
    const bool large = setting.dataset == "imagenet", few_shot = setting.protocol == Protocol::few_shot;
    Recipe recipe;
    recipe.epochs = has_source(setting.protocol) ? 1 : few_shot ? 50 : large ? 5 : 10;
    recipe.batch_size = has_source(setting.protocol) || few_shot || large ? 32 : 4;
    recipe.warmup_epochs = has_source(setting.protocol) ? 0 : 1;
    recipe.optimiser = OptimiserKind::adamw;
    recipe.groups = {{.prefix = "", .learning_rate = 0.001}};
    return recipe;
  }

  void bind(const Task& task) override {
    task_ = task;
    const int64_t space = options_.integer("space"), width = task.image_encoder->width();
    const auto count = static_cast<size_t>(options_.integer("last_block") - first_block());
    tokens_ = initial_tokens(task, options_.integer("n_tokens"), space);
    image_ = Projections(task, count, space, width);
    text_ = Projections(task, count, space, task.text_encoder->width());
    const double deviation = 1 / std::sqrt(static_cast<double>(width));
    read_out_ = at::empty({width, task.feature_width}, torch::kFloat)
                    .normal_(0, deviation, task.generator)
                    .to(task.device)
                    .requires_grad_();
    teacher_ = template_features(task, task.prompt_template, task.class_names);
    trained_names_ = bytes_of_names(task.class_names);
    retarget(task.class_names);
  }

  Tensor logits(const Batch& batch) override {
    const ImageFeatures image = encode(batch.pixels);
    const Tensor text = text_features();
    const Tensor by_class_token = similarities(image.class_token, text);
    if (!all_trained_) return by_class_token;
    const double alpha = options_.real("alpha");
    return alpha * by_class_token + (1 - alpha) * similarities(image.representation, text);
  }

  Tensor loss(const Batch& batch) override {
    const ImageFeatures image = encode(batch.pixels);
    const Tensor text = text_features();
    const double alpha = options_.real("alpha");
    const auto cross_entropy = [&](const Tensor& features) {
      return at::cross_entropy_loss(similarities(features, text), batch.labels);
    };
    const auto distance = [](const Tensor& a, const Tensor& b) { return 1 - (a * b).sum(-1).mean(); };
    return alpha * cross_entropy(image.class_token) + (1 - alpha) * cross_entropy(image.representation) +
           options_.real("weight") * (distance(image.class_token, image.frozen) + distance(text, teacher_));
  }

  NamedTensors trainable() override {
    NamedTensors tensors = {{"tokens", tokens_}};
    for (const NamedTensors& tower : {image_.named("image"), text_.named("text")})
      tensors.insert(tensors.end(), tower.begin(), tower.end());
    tensors.emplace_back("read_out", read_out_);
    return tensors;
  }

  NamedTensors state() override {
    NamedTensors tensors = trainable();
    tensors.emplace_back(kTrainedNames, trained_names_);
    return tensors;
  }

  /// A state without names, such as one of the authors' tensors, is of the classes bound to.
  void load_state(const NamedTensors& saved) override {
    NamedTensors named = saved;
    const auto names = std::ranges::find(named, kTrainedNames, [](const auto& entry) { return entry.first; });
    if (names == named.end()) {
      named.emplace_back(kTrainedNames, trained_names_);
    } else {
      trained_names_ = at::empty({names->second.numel()}, trained_names_.options());
    }
    PromptLearner::load_state(named);
    task_.class_names = names_in_bytes(trained_names_);
    retarget(served_);
  }

  void retarget(const ClassNames& class_names) override {
    served_ = class_names;
    texts_.serve(task_, task_.prompt_template, class_names);
    try {
      trained_labels(task_, class_names, "representation");
      all_trained_ = true;
    } catch (const NotTransferable&) {  // by the class token alone, then
      all_trained_ = false;
    }
  }

 private:
  /// Blocks are those that both towers have.
  void resolve_blocks(const Setting& setting) {
    const int64_t blocks = std::min(setting.text_blocks, setting.image_blocks);
    const int64_t last = options_.integer("last_block");
    if (blocks < 2) throw Error("needs towers of two blocks or more; give another model with --model");
    if (last < 0 || last == 1) throw Error(fmt::format("last_block {}: give 0, or 2 to {}", last, blocks));
    if (last == 0 || last > blocks) options_.set("last_block", OptionValue(blocks));
    if (options_.integer("first_block") == 0)
      options_.set("first_block", OptionValue(std::max<int64_t>(2, blocks / 2)));
    if (const int64_t first = options_.integer("first_block");
        first < 2 || first > options_.integer("last_block"))
      throw Error(fmt::format("first_block {}: give 2 to {}", first, options_.integer("last_block")));
  }

  static constexpr const char* kTrainedNames = "class_names";
  static constexpr double kScale = 100;  // of similarities, whatever the model's is

  /// Normalised features [B, D] of a batch.
  struct ImageFeatures {
    Tensor class_token, representation;
    Tensor frozen;  ///< without tokens; only while gradients are recorded
  };

  static double authors_weight(const Setting& setting) {
    if (has_source(setting.protocol)) return kTransferWeight;
    const auto known = kWeights.find(setting.dataset);
    return known == kWeights.end() ? kOtherWeight : known->second;
  }

  /// Counted from 0, as the towers do; the option counts from 1, as the authors do.
  int64_t first_block() const { return options_.integer("first_block") - 1; }

  /// Blocks in front of the first tokens are run once, for the frozen features as well.
  ImageFeatures encode(const Tensor& pixels) const {
    const ImageEncoder& tower = *task_.image_encoder;
    const Tensor before = tower.run(tower.embed(pixels), 0, first_block());
    Tensor x = before;
    int64_t begin = first_block();
    for (const BlockTokens& tokens : image_.entering(tokens_, first_block())) {
      x = with_tokens(tower.run(x, begin, tokens.block), tokens);
      begin = tokens.block;
    }
    const Tensor out = tower.normed(tower.run(x, begin, tower.blocks(), {}, 1 + tokens_.size(0)));
    ImageFeatures features;
    features.class_token = normalised(tower.project(out.select(1, 0)));
    features.representation = normalised(at::matmul(out.narrow(1, 1, tokens_.size(0)).mean(1), read_out_));
    if (!at::GradMode::is_enabled()) return features;
    const at::NoGradGuard frozen;
    const Tensor plain = tower.run(before, first_block(), tower.blocks(), {}, 1).select(1, 0);
    features.frozen = normalised(tower.project(tower.normed(plain)));
    return features;
  }

  /// [K, D], normalised
  Tensor text_features() { return texts_.features(text_.entering(tokens_, first_block())); }

  static Tensor similarities(const Tensor& image, const Tensor& text) {
    return kScale * at::matmul(image, text.t());
  }

  Options options_;
  Task task_;                 // its class names are those that the state was trained on
  Tensor tokens_;             // [n, space], of both towers
  Projections image_, text_;  // of the tokens
  Tensor read_out_;           // [W, D]
  Tensor teacher_;            // [K, D], normalised, of the classes trained on
  Tensor trained_names_;      // the names of those, as bytes
  ClassNames served_;
  bool all_trained_ = true;  // whether the method was trained on all of them
  TemplateTexts texts_;      // of the classes served
};

constexpr OptionSpec kOptions[] = {
    {"n_tokens", OptionType::integer, "5", "shared tokens that enter each block"},
    {"first_block", OptionType::integer, "0",
     "the first block with tokens, counted from 1; 0: the middle, 6 of 12"},
    {"last_block", OptionType::integer, "0", "the last one; 0: the model's last"},
    {"space", OptionType::integer, "0", "width of the shared tokens; 0: 512, on eurosat 2048"},
    {"alpha", OptionType::real, "0.7", "share of the class token's features in loss and logits"},
    {"weight", OptionType::real, "-1",
     "of the distances to the frozen features; below 0: the authors', by dataset"}};

constexpr MethodSpec kMethods[] = {
    {"mmrl", 1, "MMRL: tokens of a shared space in the deeper blocks of both towers", Training::trainable,
     kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new MMRL(options); },
     /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
