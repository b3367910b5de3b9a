#include "cli/tensors/classifier_options.h"

#include "cli/tensors/loaded_plugins.h"

namespace promptbed {

options::options_description describe_classifier_options() {
  options::options_description described("classifier", 110, 60);
  auto add = described.add_options();
  const auto text = [](const char* name) { return options::value<std::string>()->value_name(name); };
  add("method", text("M"), "a method that needs no training, such as clip_zeroshot, instead of a prompt");
  add("set", options::value<std::vector<std::string>>()->value_name("M.O=V")->composing(),
      "option of that method, such as clip_zeroshot.templates=ensemble; may be repeated");
  add("plugins", text("FOLDER"), "one more folder of plugins");
  add("db", text("FILE")->default_value("runs/promptbed.db"), "ledger, in which a run's id names its prompt");
  return described;
}

Classifier make_classifier(const std::string& prompt, const options::variables_map& values,
                           const std::string& otherwise) {
  if (prompt.empty()) {
    return {load_plugins(values), values.count("method") > 0 ? values["method"].as<std::string>() : otherwise,
            values.count("set") > 0 ? values["set"].as<std::vector<std::string>>() : Arguments()};
  }
  for (const char* option : {"method", "set"}) {
    if (values.count(option) > 0)
      throw Error(fmt::format("--{}: the prompt {} has its own; leave one of the two out", option, prompt));
  }
  return {load_plugins(values), read_trained_prompt(find_prompt(prompt, values["db"].as<std::string>()))};
}

}  // namespace promptbed
