#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace promptbed {
namespace {

/// The weights of a block that may have a low-rank change, and the letter that stands for each.
constexpr struct {
  char letter;
  const char* name;
  LowRank BlockChange::*part;
} kWeights[] = {{'q', "query", &BlockChange::query},
                {'k', "key", &BlockChange::key},
                {'v', "value", &BlockChange::value},
                {'o', "output", &BlockChange::output}};

/// What is beyond these is no low rank, or makes logits infinite.
constexpr int64_t kHighestRank = 4096;
constexpr double kMostFactor = 1e6;

/// Learned low-rank changes in all blocks of a tower.
class TowerLoRA {
 public:
  TowerLoRA() = default;

  /// down [r, W] as PyTorch starts linear layers, up [W, r] at zero, for the weights that `letters` name.
  TowerLoRA(const Task& task, const std::string& letters, int64_t rank, double scale, int64_t width,
            int64_t blocks) {
    for (int64_t block = 0; block < blocks; ++block) {
      BlockChange change{.block = block};
      for (const auto& [letter, name, part] : kWeights) {
        if (letters.find(letter) == std::string::npos) continue;
        LowRank& low_rank = change.*part;
        low_rank.down = initial_linear(task, {rank, width}, width);
        low_rank.up = at::zeros({width, rank}, at::device(task.device)).requires_grad_();
        low_rank.scale = scale;
      }
      changes_.push_back(std::move(change));
    }
  }

  const TowerChanges& changes() const { return changes_; }

  /// The same for a training step, each dropping inputs of its own.
  TowerChanges with_dropout(double share, const torch::Generator& generator) const {
    const auto seed = [&] {
      return at::randint(std::numeric_limits<int64_t>::max(), {}, generator, torch::kLong).item<int64_t>();
    };
    TowerChanges changes = changes_;
    for (BlockChange& change : changes) {
      for (const auto& [letter, name, part] : kWeights) {
        (change.*part).dropout = share;
        if (share > 0 && (change.*part).down.defined()) (change.*part).seed = static_cast<uint64_t>(seed());
      }
    }
    return changes;
  }

  /// "text.0.query.down" and so on, with the tower in front.
  NamedTensors named(const std::string& tower) const {
    NamedTensors tensors;
    for (const BlockChange& change : changes_) {
      for (const auto& [letter, name, part] : kWeights) {
        const LowRank& low_rank = change.*part;
        if (!low_rank.down.defined()) continue;
        tensors.emplace_back(fmt::format("{}.{}.{}.down", tower, change.block, name), low_rank.down);
        tensors.emplace_back(fmt::format("{}.{}.{}.up", tower, change.block, name), low_rank.up);
      }
    }
    return tensors;
  }

 private:
  TowerChanges changes_;
};

/// CLIP-LoRA (arXiv 2405.18541): low-rank changes of the attention's weights in all blocks of both towers,
/// with hand-written prompts. Recipe and factors are those of the authors' code (MaxZanella/CLIP-LoRA): the
/// change is scaled by alpha / sqrt(r), similarities by 100, and the number of steps depends on the shots
/// alone.
class ClipLoRA final : public PromptLearner {
 public:
  explicit ClipLoRA(const Options& options) : options_(options) {}

  /// With dropout each step draws on the CPU what it drops.
  Offers offers() const override { return {.repeatable_steps = options_.real("dropout") == 0}; }

  /// With the text tower alone changed, image features stay what they are.
  Needs needs() const override { return {.pixels = options_.text("towers") != "text"}; }

  Options resolve(const Setting& setting) override {
    if (needs().pixels) check_image_tower(setting);
    check_template(setting, options_.text("template"));
    const std::string &towers = options_.text("towers"), &letters = options_.text("weights");
    if (towers != "both" && towers != "text" && towers != "image")
      throw Error(fmt::format("no towers \"{}\"; known: both, text, image", towers));
    if (letters.empty() || letters.find_first_not_of("qkvo") != std::string::npos)
      throw Error(fmt::format("weights \"{}\": give letters of q, k, v and o", letters));
    if (const int64_t rank = options_.integer("rank"); rank < 1 || rank > kHighestRank)
      throw Error(fmt::format("rank {}: give 1 to {}", rank, kHighestRank));
    if (const double share = options_.real("dropout"); !(share >= 0 && share < 1))
      throw Error(fmt::format("dropout {}: give a share from 0 to below 1", share));
    for (const char* name : {"alpha", "logit_scale"}) {
      const double value = options_.real(name);
      if (!(value > 0 && value <= kMostFactor))
        throw Error(fmt::format("{} {}: give a number above 0, up to {}", name, value, kMostFactor));
    }
    return options_;
  }

  Recipe recipe(const Setting& setting) const override {
    Recipe recipe;
    recipe.iterations = 500 * setting.shots;
    recipe.batch_size = 32;
    recipe.keeps_last_batch = true;
    recipe.optimiser = OptimiserKind::adamw;
    recipe.pace = RatePace::step;
    recipe.warmup_epochs = 0;
    recipe.end_learning_rate = 1e-6;
    recipe.groups = {{.prefix = "", .learning_rate = 2e-4, .weight_decay = 1e-2}};
    return recipe;
  }

  void bind(const Task& task) override {
    task_ = task;
    const std::string& towers = options_.text("towers");
    if (towers != "image") text_ = lora(task.text_encoder->width(), task.text_encoder->blocks());
    if (towers != "text") image_ = lora(task.image_encoder->width(), task.image_encoder->blocks());
    retarget(task.class_names);
  }

  Tensor logits(const Batch& batch) override {
    return similarities(batch, image_.changes(), texts_.features({}, text_.changes()));
  }

  Tensor loss(const Batch& batch) override {
    const double share = options_.real("dropout");
    const Tensor text = texts_.features({}, text_.with_dropout(share, task_.generator));
    const Tensor scores = similarities(batch, image_.with_dropout(share, task_.generator), text);
    return at::cross_entropy_loss(scores, batch.labels);
  }

  NamedTensors trainable() override {
    NamedTensors tensors = text_.named("text");
    for (auto& tensor : image_.named("image")) tensors.push_back(std::move(tensor));
    return tensors;
  }

  void load_state(const NamedTensors& state) override {
    PromptLearner::load_state(state);
    texts_.forget();
  }

  void retarget(const ClassNames& class_names) override {
    texts_.serve(task_, options_.text("template"), class_names);
  }

 private:
  TowerLoRA lora(int64_t width, int64_t blocks) const {
    const int64_t rank = options_.integer("rank");
    const double scale = options_.real("alpha") / std::sqrt(static_cast<double>(rank));
    return {task_, options_.text("weights"), rank, scale, width, blocks};
  }

  /// [B, K]
  Tensor similarities(const Batch& batch, const TowerChanges& changes, const Tensor& text) const {
    const Tensor image =
        needs().pixels ? task_.image_encoder->encode(batch.pixels, {.changes = changes}) : batch.features;
    return options_.real("logit_scale") * at::matmul(normalised(image), text.t());
  }

  Options options_;
  Task task_;
  TowerLoRA text_, image_;
  TemplateTexts texts_;  // of the classes served
};

constexpr OptionSpec kOptions[] = {
    {"towers", OptionType::text, "both", "which are changed: both, text or image"},
    {"weights", OptionType::text, "qkv", "which are changed: letters of q, k, v and o, the output"},
    {"rank", OptionType::integer, "2", "of the changes (the paper's r)"},
    {"alpha", OptionType::real, "1", "factor of the changes, divided by the square root of the rank"},
    {"dropout", OptionType::real, "0.25", "share of a change's inputs that a training step drops"},
    {"template", OptionType::text, "a photo of a {}.", "the hand-written prompt, the same on every dataset"},
    {"logit_scale", OptionType::real, "100", "factor of the similarities, whatever the model's is"}};

constexpr MethodSpec kMethods[] = {
    {"clip_lora", 1, "CLIP-LoRA: low-rank changes of the attention in both towers", Training::trainable,
     kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new ClipLoRA(options); },
     /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
