#include <ATen/ATen.h>
#include <promptbed/promptbed.h>

#include <optional>

namespace promptbed {
namespace {

/// Context Optimization (arXiv 2109.01134): the words around the class name are vectors, learned with CLIP
/// frozen.
class CoOp final : public PromptLearner {
 public:
  explicit CoOp(const Options& options) : options_(options) {}

  Options resolve(const Setting& setting) override {
    parse_name_position(options_.text("position"));
    if (class_specific()) {
      if (!options_.text("ctx_init").empty())
        throw Error("csc learns random vectors for each class; leave out ctx_init");
      if (options_.integer("n_ctx") <= 0) throw Error("csc needs the number of context tokens; give n_ctx");
      if (!setting.unseen_class_names.empty()) {
        throw NotTransferable("csc has no vectors for classes it was not trained on; leave out csc");
      }
      check_prompt_lengths(setting, options_.integer("n_ctx"));
    } else {
      options_ = resolve_context(options_, setting);
    }
    return options_;
  }

  Recipe recipe(const Setting& setting) const override {
    Recipe recipe;
    if (setting.dataset == "imagenet") recipe.epochs = 50;
    return recipe;
  }

  void bind(const Task& task) override {
    task_ = task;
    const auto copies =
        class_specific() ? std::optional(static_cast<int64_t>(task.class_names.size())) : std::nullopt;
    context_ = initial_context(options_, task, copies).requires_grad_();
    serve(task.class_names);
  }

  Tensor logits(const Batch& batch) override {
    return task_.logit_scale * at::matmul(normalised(batch.features), text_features().t());
  }

  NamedTensors trainable() override { return {{"ctx", context_}}; }

  void load_state(const NamedTensors& state) override {
    PromptLearner::load_state(state);
    finished_features_.reset();
  }

  void retarget(const ClassNames& class_names) override {
    if (class_specific())
      throw NotTransferable("csc has no vectors for classes it was not trained on; leave out csc");
    serve(class_names);
  }

 private:
  bool class_specific() const { return options_.boolean("csc"); }

  void serve(const ClassNames& class_names) {
    prompts_.emplace(task_, class_names, options_.integer("n_ctx"),
                     parse_name_position(options_.text("position")));
    finished_features_.reset();
  }

  /// Normalised text features [K, D]. The context is the same for all images, so evaluation encodes once.
  Tensor text_features() {
    if (at::GradMode::is_enabled()) {
      finished_features_.reset();
      return encode();
    }
    if (!finished_features_.defined()) finished_features_ = encode();
    return finished_features_;
  }

  Tensor encode() const {
    const PromptBatch prompts =
        class_specific() ? prompts_->with_own(context_) : prompts_->with_shared(context_);
    return normalised(task_.text_encoder->encode(prompts).squeeze(0));
  }

  Options options_;
  Task task_;
  Tensor context_;  // [M, W], or [K, M, W] where class-specific
  std::optional<ContextPrompts> prompts_;
  Tensor finished_features_;
};

PromptLearner* create(const Options& options) {
  return new CoOp(options);
}

constexpr OptionSpec kPosition = {"position", OptionType::text, "end",
                                  "where the class name stands: end, middle, front"};
constexpr OptionSpec kClassSpecific = {"csc", OptionType::boolean, "false",
                                       "a context of its own for each class"};
constexpr OptionSpec kManyTokens = {"n_ctx", OptionType::integer, "60", "context tokens, drawn at random"};

constexpr OptionSpec kOptions[] = {kContextTokens, kContextWords, kPosition, kClassSpecific};
constexpr OptionSpec kOptions60[] = {kManyTokens, kContextWords, kPosition, kClassSpecific};

constexpr MethodSpec kMethods[] = {
    {"coop", 1, "Context Optimization: one learned context for all images", Training::trainable, kOptions,
     std::size(kOptions), create},
    {"coop_ctx60", 1, "CoOp with 60 context tokens: as many parameters as CoCoOp", Training::trainable,
     kOptions60, std::size(kOptions60), create},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
