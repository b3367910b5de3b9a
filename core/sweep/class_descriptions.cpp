#include "sweep/class_descriptions.h"

#include <fmt/format.h>
#include <promptbed/context.h>
#include <promptbed/error.h>
#include <promptbed/prompt_template.h>

#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/input_file.h"
#include "base/json.h"
#include "data/suites/dataset_spec.h"

namespace promptbed {
namespace {

using nlohmann::json;

/// A list of texts, none of them empty. `where` names it in errors.
std::vector<std::string> sentences_in(const json& list, const std::string& where) {
  if (!list.is_array() || list.empty()) throw Error(fmt::format("{}: give a list of sentences", where));
  std::vector<std::string> sentences;
  for (const json& sentence : list) {
    if (!sentence.is_string() || sentence.get_ref<const std::string&>().empty())
      throw Error(fmt::format("{}: {} is not a sentence; give a text in quotes", where, sentence.dump()));
    sentences.push_back(sentence.get<std::string>());
  }
  return sentences;
}

}  // namespace

ClassDescriptions::ClassDescriptions(const std::filesystem::path& file) : file_(file) {
  const std::string text = read_given_text(file);
  hash_ = Hasher().add(text).hex();
  const json contents = parse_json(text, file.string());
  if (contents.is_object() && !contents.empty()) {
    read_classes(contents);
  } else if (contents.is_array()) {
    read_templates(contents);
  } else {
    throw Error(fmt::format(
        "{}: describes no class; give {{\"class name\": [\"sentence\", ...], ...}} or a list of templates",
        file.string()));
  }
}

void ClassDescriptions::read_classes(const json& classes) {
  for (const auto& [name, list] : classes.items()) {
    std::vector<std::string> sentences =
        sentences_in(list, fmt::format("{}: class '{}'", file_.string(), name));
    if (!by_name_.emplace(spoken(name), std::move(sentences)).second)
      throw Error(fmt::format("{}: class '{}' is there twice; remove one", file_.string(), name));
  }
}

void ClassDescriptions::read_templates(const json& templates) {
  templates_ = sentences_in(templates, file_.string());
  for (const std::string& text : templates_)
    check_template_text(text, fmt::format("{}: template \"{}\"", file_.string(), text));
}

Descriptions ClassDescriptions::of(const std::vector<std::string>& class_names) const {
  Descriptions all;
  for (const std::string& name : class_names) {
    if (!templates_.empty()) {
      std::vector<std::string>& sentences = all[name];
      sentences.clear();  // classes may share a name
      for (const std::string& text : templates_) sentences.push_back(filled(text, name));
      continue;
    }
    const auto found = by_name_.find(spoken(name));
    if (found == by_name_.end())
      throw Error(fmt::format("{}: does not describe class '{}'; add it", file_.string(), name));
    all[name] = found->second;
  }
  return all;
}

}  // namespace promptbed
