#include "prompts/restored_learner.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

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
  task.unseen_class_names = served;
  task.prompt_template = prompt.run.prompt_template;
  task.context_init = prompt.run.context_init;
  task.train = task.validation = no_images(task.feature_width, task.device);
  // Draws first values, which the saved ones replace.
  task.generator = seeded_generator(static_cast<uint64_t>(prompt.run.seed), "init");
}

Options options_of(const TrainedPrompt& prompt, const Method& method) {
  try {
    Options options = method.default_options();
    for (const auto& [name, value] : prompt.run.options) options.set(name, value);
    return options;
  } catch (const Error& fault) {
    throw Error(fmt::format("trained prompt of {}: {}; train it again", title_of(prompt), fault.what()));
  }
}

/// The method has to take the prompt's options as they are: they were settled before the training.
void check_settled(const Options& settled, const TrainedPrompt& prompt) {
  const bool same = std::ranges::all_of(prompt.run.options, [&](const auto& option) {
    return settled.values().at(option.first) == option.second;
  });
  if (same) return;
  throw Error(
      fmt::format("trained prompt of {}: the method settles its options in another way today; train it again",
                  title_of(prompt)));
}

}  // namespace

std::string title_of(const TrainedPrompt& prompt) {
  const RunSpec& run = prompt.run;
  if (prompt.origin) return fmt::format("{}, imported from {}", run.method, prompt.origin->file);
  return fmt::format("{} on {}, {} shots, seed {}", run.method, run.dataset, run.shots, run.seed);
}

const Method& method_of(const TrainedPrompt& prompt, const MethodRegistry& registry) {
  const auto found = std::ranges::find(registry.methods(), prompt.run.method, &Method::name);
  if (found == registry.methods().end()) {
    throw Error(fmt::format(
        "trained prompt of {}: no plugin offers the method {}; give the folder of its plugin with --plugins",
        title_of(prompt), prompt.run.method));
  }
  if (found->spec->version != prompt.run.method_version) {
    throw Error(fmt::format(
        "trained prompt of {}: is of version {} of the method, and plugin {} has version {}; train "
        "it again, or use the plugin that it was trained with",
        title_of(prompt), prompt.run.method_version, found->file.filename().string(), found->spec->version));
  }
  return *found;
}

void check_model(const TrainedPrompt& prompt, const std::string& fingerprint) {
  if (prompt.run.model == fingerprint) return;
  throw Error(fmt::format(
      "trained prompt of {}: belongs to model {}, and this is model {}; give its own with --model",
      title_of(prompt), prompt.run.model, fingerprint));
}

std::unique_ptr<PromptLearner> restore_learner(const TrainedPrompt& prompt, Task task,
                                               const ClassNames& class_names,
                                               const MethodRegistry& registry) {
  const Method& method = method_of(prompt, registry);
  if (prompt.class_names.empty()) {
    throw Error(fmt::format(
        "trained prompt of {}: does not tell the classes that it was trained on, as prompts of earlier "
        "versions; use it on the dataset that it was trained on, or train it again",
        title_of(prompt)));
  }
  fill_in(task, prompt, class_names);
  auto learner = registry.create(method, options_of(prompt, method));
  check_settled(learner->resolve(task), prompt);
  learner->bind(task);
  learner->load_state(prompt.state);
  learner->retarget(class_names);
  return learner;
}

}  // namespace promptbed
