#include "prompts/classifier.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "clip/towers/text_transformer.h"
#include "data/draws/class_sets.h"
#include "methods/assignment.h"
#include "training/epoch_order.h"

namespace promptbed {
namespace {

FeatureSet no_images(int64_t feature_width, torch::Device device) {
  const auto options = at::device(device);
  return {at::empty({0, 1, feature_width}, options.dtype(torch::kFloat)),
          at::empty({0}, options.dtype(torch::kLong))};
}

/// Puts the prompt's setting and empty feature sets into a task that has the model's parts.
void fill_in(Task& task, const TrainedPrompt& prompt, const ClassNames& served) {
  task.dataset = prompt.run.dataset;
  task.shots = prompt.run.shots;
  task.class_names = prompt.class_names;
  task.new_class_names = served;
  task.prompt_template = prompt.run.prompt_template;
  task.context_init = prompt.run.context_init;
  task.train = task.validation = no_images(task.feature_width, task.device);
  // Draws first values, which the saved ones replace.
  task.generator = seeded_generator(static_cast<uint64_t>(prompt.run.seed), "init");
}

Options options_of(const TrainedPrompt& prompt, const Method& method, const MethodRegistry& registry) {
  try {
    return registry.options_of(method, prompt.run.options);
  } catch (const Error& fault) {
    throw Error(fmt::format("trained prompt of {}: {}; train it again", title_of(prompt), fault.what()));
  }
}

/// Throws Error if the plugin has another version of the method than the prompt's.
void check_version(const TrainedPrompt& prompt, const Method& method, int64_t version) {
  if (method.spec->version == version) return;
  throw Error(fmt::format(
      "trained prompt of {}: is of version {} of {}, and plugin {} has version {}; train it "
      "again, or use the plugin that it was trained with",
      title_of(prompt), version, method.name() == prompt.run.method ? "the method" : method.name(),
      method.file.filename().string(), method.spec->version));
}

/// The method has to take the prompt's options as they are: they were settled before the training.
void check_settled(const Options& settled, const TrainedPrompt& prompt) {
  const bool same = std::ranges::all_of(prompt.run.options, [&](const auto& option) {
    return settled.values().at(option.first) == option.second;
  });
  if (same) return;
  throw Error(
      fmt::format("trained prompt of {}: the method settles its options differently today; train it again",
                  title_of(prompt)));
}

}  // namespace

Task model_task(const ClipModel& model, const Placement& placement) {
  Task task;
  task.tokenizer = model.tokenizer();
  task.context_length = model.context_length();
  task.text_blocks = model.text_blocks();
  task.image_blocks = model.image_blocks();
  task.text_encoder = std::make_shared<TextTransformer>(model.checkpoint(), placement);
  task.image_encoder = model.make_prompted_image_encoder(placement);
  task.logit_scale = model.logit_scale();
  task.feature_width = model.embedding_width();
  task.device = placement.device;
  return task;
}

const Method& method_of(const TrainedPrompt& prompt, const MethodRegistry& registry) {
  const auto found = std::ranges::find(registry.methods(), prompt.run.method, &Method::name);
  if (found == registry.methods().end()) {
    throw Error(fmt::format(
        "trained prompt of {}: no plugin offers the method {}; give the folder of its plugin with --plugins",
        title_of(prompt), prompt.run.method));
  }
  check_version(prompt, *found, prompt.run.method_version);
  if (const Method* base = registry.base_of(*found, options_of(prompt, *found, registry)))
    check_version(prompt, *base, prompt.run.base_version);
  return *found;
}

OptionValues settled_options(const TrainedPrompt& prompt, Task task, const MethodRegistry& registry) {
  const Method& method = method_of(prompt, registry);
  fill_in(task, prompt, prompt.class_names);
  return registry.create(method, options_of(prompt, method, registry))->resolve(task).values();
}

std::unique_ptr<PromptLearner> restore_learner(const TrainedPrompt& prompt, Task task,
                                               const ClassNames& class_names,
                                               const MethodRegistry& registry) {
  const Method& method = method_of(prompt, registry);
  if (prompt.class_names.empty()) {
    throw Error(fmt::format(
        "trained prompt of {}: does not name the classes that it was trained on, like prompts of earlier "
        "versions; use it on the dataset that it was trained on, or train it again",
        title_of(prompt)));
  }
  fill_in(task, prompt, class_names);
  auto learner = registry.create(method, options_of(prompt, method, registry));
  check_settled(learner->resolve(task), prompt);
  learner->bind(task);
  learner->load_state(prompt.state);
  learner->retarget(class_names);
  return learner;
}

Classifier::Classifier(MethodRegistry registry, TrainedPrompt prompt)
    : registry_(std::move(registry)), prompt_(std::move(prompt)) {
  method_of(*prompt_, registry_);  // says early if there is none
}

Classifier::Classifier(MethodRegistry registry, const std::string& method,
                       const std::vector<std::string>& assignments)
    : registry_(std::move(registry)), method_(&registry_.at(method)) {
  if (method_->trainable()) {
    throw Error(fmt::format("--method {}: has to be trained; give its trained prompt instead (runner train)",
                            method));
  }
  options_ = single_options(*method_, parse_assignments(assignments, {method}, registry_), registry_);
}

std::string Classifier::title() const {
  return prompt_ ? title_of(*prompt_) : method_->name();
}

const char* Classifier::score_name() const {
  const Method& method = prompt_ ? method_of(*prompt_, registry_) : *method_;
  return method.spec->probabilities ? "probability" : "softmax";
}

std::optional<uint64_t> Classifier::stream() const {
  const Method& method = prompt_ ? method_of(*prompt_, registry_) : *method_;
  const Options options = prompt_ ? options_of(*prompt_, method, registry_) : options_;
  if (!registry_.is_online(method, options)) return std::nullopt;
  return prompt_ ? static_cast<uint64_t>(prompt_->run.seed) : 0;
}

void Classifier::recall_classes(const DatasetSpec& dataset, const Split& split) {
  if (!prompt_ || !prompt_->class_names.empty() || prompt_->run.dataset != dataset.id ||
      prompt_->run.split_hash != split.hash())
    return;
  prompt_->class_names = class_names_of(split, parse_class_set(prompt_->run.classes));
}

std::unique_ptr<PromptLearner> Classifier::serve(const ClassNames& class_names, const DatasetSpec& words,
                                                 const ClipModel& model, const Placement& placement) const {
  if (prompt_)
    check_model(*prompt_, model.fingerprint(), model.tokenizer_id());  // before the towers are laid out
  Task task = model_task(model, placement);
  if (!prompt_) return serve_untrained(std::move(task), class_names, words);
  try {
    return restore_learner(*prompt_, std::move(task), class_names, registry_);
  } catch (const NotTransferable& refusal) {
    throw Error(fmt::format("{}; choose among the {} that it was trained on", refusal.what(),
                            prompt_->class_names.size()));
  }
}

std::unique_ptr<PromptLearner> Classifier::serve_untrained(Task task, const ClassNames& class_names,
                                                           const DatasetSpec& words) const {
  task.dataset = words.id;
  task.class_names = class_names;
  task.prompt_template = words.prompt_template;
  task.context_init = words.context_init;
  auto learner = registry_.create(*method_, options_);
  learner->resolve(task);
  learner->bind(task);
  return learner;
}

}  // namespace promptbed
