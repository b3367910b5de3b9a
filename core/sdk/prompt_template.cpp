#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/context.h>
#include <promptbed/error.h>
#include <promptbed/prompt_template.h>

#include <vector>

namespace promptbed {
namespace {

/// Tokens of a prompt, start and end included.
int64_t length_of(const Setting& setting, const std::string& prompt) {
  return static_cast<int64_t>(setting.tokenizer->encode(prompt).size()) + 2;
}

void check_lengths(const Setting& setting, const std::string& prompt_template, const ClassNames& names) {
  for (const std::string& name : names) {
    const int64_t length = length_of(setting, filled(prompt_template, name));
    if (length <= setting.context_length) continue;
    throw PromptTooLong(
        fmt::format("class \"{}\": the prompt has {} tokens and the model takes {}; shorten the name or the "
                    "template",
                    name, length, setting.context_length));
  }
}

std::vector<std::string> all_filled(const std::string& prompt_template, const ClassNames& class_names) {
  std::vector<std::string> sentences;
  for (const std::string& name : class_names) sentences.push_back(filled(prompt_template, name));
  return sentences;
}

}  // namespace

std::string filled(std::string prompt_template, const std::string& class_name) {
  const std::string name = spoken(class_name);
  for (size_t at = prompt_template.find("{}"); at != std::string::npos;
       at = prompt_template.find("{}", at + name.size())) {
    prompt_template.replace(at, 2, name);
  }
  return prompt_template;
}

void check_template(const Setting& setting, const std::string& prompt_template) {
  if (prompt_template.find("{}") == std::string::npos) {
    throw Error(fmt::format("template \"{}\" of {} has no place {{}} for the class name", prompt_template,
                            setting.dataset));
  }
  check_lengths(setting, prompt_template, setting.class_names);
  check_lengths(setting, prompt_template, setting.new_class_names);
}

PromptBatch template_prompts(const Task& task, const std::string& prompt_template,
                             const ClassNames& class_names) {
  return prompts_of_texts(*task.text_encoder, *task.tokenizer, all_filled(prompt_template, class_names));
}

void TemplateTexts::serve(const Task& task, const std::string& prompt_template,
                          const ClassNames& class_names) {
  encoder_ = task.text_encoder;
  prompts_ = template_prompts(task, prompt_template, class_names);
  forget();
}

Tensor TemplateTexts::features(const std::vector<BlockTokens>& deep, const TowerChanges& changes) {
  if (at::GradMode::is_enabled()) forget();  // a step follows
  if (finished_.defined()) return finished_;
  prompts_.deep = deep;
  prompts_.changes = changes;
  const Tensor features = normalised(encoder_->encode(prompts_).squeeze(0));
  if (!at::GradMode::is_enabled()) finished_ = features;
  return features;
}

Tensor raw_template_features(const Task& task, const std::string& prompt_template,
                             const ClassNames& class_names) {
  const at::NoGradGuard frozen;
  return encode_texts(*task.text_encoder, *task.tokenizer, all_filled(prompt_template, class_names));
}

Tensor template_features(const Task& task, const std::string& prompt_template,
                         const ClassNames& class_names) {
  return normalised(raw_template_features(task, prompt_template, class_names));
}

void check_descriptions(const Setting& setting) {
  for (const auto& [name, sentences] : setting.descriptions) {
    for (const std::string& sentence : sentences) {
      const int64_t length = length_of(setting, sentence);
      if (length <= setting.context_length) continue;
      throw PromptTooLong(
          fmt::format("class \"{}\": the description \"{}\" has {} tokens and the model takes {}; shorten it",
                      name, sentence, length, setting.context_length));
    }
  }
}

Tensor description_features(const Task& task, const ClassNames& class_names) {
  const at::NoGradGuard frozen;
  std::vector<Tensor> rows;
  for (const std::string& name : class_names) {
    const auto found = task.descriptions.find(name);
    if (found == task.descriptions.end() || found->second.empty())
      throw Error(fmt::format("class \"{}\" of {} has no description; add one", name, task.dataset));
    rows.push_back(normalised(encode_texts(*task.text_encoder, *task.tokenizer, found->second)).mean(0));
  }
  return normalised(at::stack(rows));
}

}  // namespace promptbed
