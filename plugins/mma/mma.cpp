#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace promptbed {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What is beyond these is no bottleneck, or makes features infinite.
constexpr int64_t kWidest = 4096;
constexpr double kMostScale = 1e3;

/// x, of which the gradient is multiplied by a factor.
struct ScaledGradient : torch::autograd::Function<ScaledGradient> {
  static Tensor forward(AutogradContext* context, const Tensor& x, double factor) {
    context->saved_data["factor"] = factor;
    return x.view_as(x);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    return {gradients[0] * context->saved_data["factor"].toDouble(), Tensor()};
  }
};

/// A linear layer as the authors start it: Kaiming's normal distribution by the number of outputs, for ReLU,
/// and biases of zero.
LinearLayer initial_layer(const Task& task, int64_t inputs, int64_t outputs) {
  const double deviation = std::sqrt(2.0 / static_cast<double>(outputs));
  return {at::empty({outputs, inputs}, torch::kFloat)
              .normal_(0, deviation, task.generator)
              .to(task.device)
              .requires_grad_(),
          at::zeros({outputs}, at::device(task.device)).requires_grad_()};
}

/// The adapters of one tower: for each adapted block a way down to the bottleneck and one back up.
class TowerAdapters {
 public:
  TowerAdapters() = default;
  TowerAdapters(const Task& task, size_t count, int64_t width, int64_t bottleneck) {
    for (size_t i = 0; i < count; ++i) {
      down_.push_back(initial_layer(task, width, bottleneck));
      up_.push_back(initial_layer(task, bottleneck, width));
    }
  }

  /// Beside the blocks from `first` on, through the layers that both towers share. The towers see adapters of
  /// `scale`, and the adapters gradients as if they counted in full: otherwise they would stand still.
  TowerChanges beside(int64_t first, const std::vector<LinearLayer>& shared, double scale) const {
    TowerChanges changes;
    for (size_t i = 0; i < down_.size(); ++i) {
      BlockChange change{.block = first + static_cast<int64_t>(i)};
      change.branch.weights = {down_[i].weight, down_[i].bias, shared[i].weight,
                               shared[i].bias,  up_[i].weight, up_[i].bias};
      change.branch.output = [scale](const Tensor& x, const std::vector<Tensor>& w) {
        const Tensor low = LinearLayer{w[0], w[1]}(ScaledGradient::apply(x, scale)).relu();
        const Tensor mixed = LinearLayer{w[2], w[3]}(low).relu();
        return ScaledGradient::apply(LinearLayer{w[4], w[5]}(mixed)*scale, 1 / scale);
      };
      changes.push_back(std::move(change));
    }
    return changes;
  }

  void append_to(NamedTensors& tensors, const std::string& tower, int64_t first) const {
    for (size_t i = 0; i < down_.size(); ++i) {
      const auto block = first + static_cast<int64_t>(i);
      for (const auto& named : {down_[i].named(fmt::format("{}.{}.down", tower, block)),
                                up_[i].named(fmt::format("{}.{}.up", tower, block))})
        tensors.insert(tensors.end(), named.begin(), named.end());
    }
  }

 private:
  std::vector<LinearLayer> down_, up_;  // by adapted block
};

/// Multi-Modal Adapter (MMA, CVPR 2024, "MMA: Multi-Modal Adapter for Vision-Language Models"): beside the
/// deeper blocks of both towers an adapter, W -> bottleneck -> bottleneck -> W with ReLUs between, of which
/// the middle layer is the same for a block of the text and the image tower. With x what enters a block and
/// y what it gives, y becomes
///
///     y + scale up(relu(shared(relu(down(ln(x))))))
///
/// with hand-written prompts. Recipe, start and the scaled gradients are those of the authors' code
/// (ZjjConan/Multi-Modal-Adapter).
class MultiModalAdapter final : public PromptLearner {
 public:
  explicit MultiModalAdapter(const Options& options) : options_(options) {}

  Offers offers() const override { return {.repeatable_steps = true}; }

  Needs needs() const override { return {.pixels = true}; }

  Options resolve(const Setting& setting) override {
    check_image_tower(setting);
    check_template(setting, options_.text("template"));
    resolve_blocks(setting);
    if (const int64_t width = options_.integer("bottleneck"); width < 1 || width > kWidest)
      throw Error(fmt::format("bottleneck {}: give 1 to {}", width, kWidest));
    if (const double scale = options_.real("scale"); !(scale > 0 && scale <= kMostScale))
      throw Error(fmt::format("scale {}: give a number above 0, up to {}", scale, kMostScale));
    return options_;
  }

  Recipe recipe(const Setting& setting) const override {
    Recipe recipe;
    recipe.epochs = 5;
    recipe.batch_size = setting.dataset == "imagenet" ? 128 : 16;
    recipe.warmup_epochs = 0;
    recipe.groups = {{.prefix = "", .learning_rate = 0.0015}};
    return recipe;
  }

  void bind(const Task& task) override {
    task_ = task;
    const int64_t bottleneck = options_.integer("bottleneck");
    const auto count = static_cast<size_t>(options_.integer("last_block") - first_block());
    text_ = TowerAdapters(task, count, task.text_encoder->width(), bottleneck);
    image_ = TowerAdapters(task, count, task.image_encoder->width(), bottleneck);
    for (size_t i = 0; i < count; ++i) shared_.push_back(initial_layer(task, bottleneck, bottleneck));
    retarget(task.class_names);
  }

  Tensor logits(const Batch& batch) override {
    const Tensor image = task_.image_encoder->encode(batch.pixels, {.changes = beside(image_)});
    return task_.logit_scale * at::matmul(normalised(image), texts_.features({}, beside(text_)).t());
  }

  NamedTensors trainable() override {
    NamedTensors tensors;
    text_.append_to(tensors, "text", first_block());
    image_.append_to(tensors, "image", first_block());
    for (size_t i = 0; i < shared_.size(); ++i) {
      const auto named = shared_[i].named(fmt::format("shared.{}", first_block() + static_cast<int64_t>(i)));
      tensors.insert(tensors.end(), named.begin(), named.end());
    }
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
  /// Blocks are those that both towers have.
  void resolve_blocks(const Setting& setting) {
    const int64_t blocks = std::min(setting.text_blocks, setting.image_blocks);
    const int64_t last = options_.integer("last_block");
    if (last < 0) throw Error(fmt::format("last_block {}: give 0 to {}", last, blocks));
    if (last == 0 || last > blocks) options_.set("last_block", OptionValue(blocks));
    if (options_.integer("first_block") == 0) options_.set("first_block", OptionValue(1 + blocks / 3));
    if (const int64_t first = options_.integer("first_block");
        first < 1 || first > options_.integer("last_block"))
      throw Error(fmt::format("first_block {}: give 1 to {}", first, options_.integer("last_block")));
  }

  /// Counted from 0, as the towers do; the option counts from 1, as the authors do.
  int64_t first_block() const { return options_.integer("first_block") - 1; }

  TowerChanges beside(const TowerAdapters& tower) const {
    return tower.beside(first_block(), shared_, options_.real("scale"));
  }

  Options options_;
  Task task_;
  TowerAdapters text_, image_;
  std::vector<LinearLayer> shared_;  // by adapted block
  TemplateTexts texts_;              // of the classes served
};

constexpr OptionSpec kOptions[] = {
    {"first_block", OptionType::integer, "0",
     "the first block with an adapter, counted from 1; 0: behind a third of them, 5 of 12"},
    {"last_block", OptionType::integer, "0", "the last one; 0: the model's last"},
    {"bottleneck", OptionType::integer, "32", "width of the adapters inside"},
    {"scale", OptionType::real, "0.001", "of what the adapters add"},
    {"template", OptionType::text, "a photo of a {}.", "the hand-written prompt, the same on every dataset"}};

constexpr MethodSpec kMethods[] = {
    {"mma", 1, "MMA: adapters beside the deeper blocks of both towers, partly shared", Training::trainable,
     kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new MultiModalAdapter(options); },
     /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
