#include "cli/tensors/classifier_options.h"

#include "cli/tensors/input_options.h"
#include "cli/tensors/named_prompt.h"

namespace promptbed {

OptionGroup classifier_options() {
  return {
      "classifier",
      {shared("prompt"), shared("method", "; one that needs no training, instead of a prompt"),
       shared("set", "; for --method"), shared("plugins"), shared("db", "; where --prompt looks up runs")}};
}

Classifier make_classifier(const Values& values, const std::string& otherwise) {
  const std::string prompt = values.text("prompt");
  if (prompt.empty()) {
    return {load_plugins(values), values.given("method") ? values.text("method") : otherwise,
            values.texts("set")};
  }
  for (const char* option : {"method", "set"}) {
    if (values.given(option))
      throw Error(fmt::format("--{}: the prompt {} has its own; leave one of the two out", option, prompt));
  }
  return {load_plugins(values), read_named_prompt(prompt, ledger_path(values)).prompt};
}

}  // namespace promptbed
