#include "cli/tensors/classifier.h"

#include "cli/tensors/loaded_plugins.h"
#include "cli/tensors/prompt_argument.h"
#include "data/draws/class_sets.h"
#include "methods/assignment.h"
#include "prompts/model_task.h"
#include "prompts/restored_learner.h"

namespace promptbed {
namespace {

void refuse_beside_prompt(const options::variables_map& values, const std::string& prompt) {
  for (const char* option : {"method", "set"}) {
    if (values.count(option) > 0)
      throw Error(fmt::format("--{}: the prompt {} has its own; leave one of the two out", option, prompt));
  }
}

}  // namespace

options::options_description describe_classifier_options() {
  options::options_description described("classifier", 110, 60);
  auto add = described.add_options();
  const auto text = [](const char* name) { return options::value<std::string>()->value_name(name); };
  add("method", text("M"), "a method that needs no training, such as clip_zeroshot, instead of a prompt");
  add("set", options::value<std::vector<std::string>>()->value_name("M.O=V")->composing(),
      "option of that method, such as clip_zeroshot.templates=ensemble; may be repeated");
  add("plugins", text("FOLDER"), "one more folder of plugins");
  add("db", text("FILE")->default_value("runs/promptbed.db"), "ledger, where a prompt is named by its run");
  return described;
}

Classifier::Classifier(const std::string& prompt, const options::variables_map& values,
                       const std::string& otherwise)
    : registry_(load_plugins(values)) {
  if (!prompt.empty()) {
    refuse_beside_prompt(values, prompt);
    prompt_ = read_trained_prompt(find_prompt(prompt, values["db"].as<std::string>()));
    method_of(*prompt_, registry_);  // tells early where there is none
    return;
  }
  const std::string name = values.count("method") > 0 ? values["method"].as<std::string>() : otherwise;
  method_ = &registry_.at(name);
  if (method_->trainable()) {
    throw Error(
        fmt::format("--method {}: has to be trained; give its trained prompt instead (runner train)", name));
  }
  const auto assignments =
      values.count("set") > 0 ? values["set"].as<std::vector<std::string>>() : std::vector<std::string>();
  options_ = single_options(*method_, parse_assignments(assignments, {name}, registry_));
}

std::string Classifier::title() const {
  return prompt_ ? title_of(*prompt_) : method_->name();
}

void Classifier::recall_classes(const DatasetSpec& dataset, const Split& split) {
  if (!prompt_ || !prompt_->class_names.empty() || prompt_->run.dataset != dataset.id ||
      prompt_->run.split_hash != split.hash())
    return;
  prompt_->class_names = class_names_of(split, parse_class_set(prompt_->run.classes));
}

std::unique_ptr<PromptLearner> Classifier::serve(const ClassNames& class_names, const DatasetSpec& words,
                                                 const ClipModel& model, const Placement& placement) const {
  if (prompt_) check_model(*prompt_, model.fingerprint());  // before the towers are laid out
  Task task = model_task(model, placement);
  if (!prompt_) return serve_untrained(std::move(task), class_names, words);
  try {
    return restore_learner(*prompt_, std::move(task), class_names, registry_);
  } catch (const NotTransferable& refusal) {
    throw Error(fmt::format("{}; choose among the {} that it was trained on, with --classes or --class-names",
                            refusal.what(), prompt_->class_names.size()));
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
