#include "cli/tensors/classifier_options.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/tensors/input_options.h"
#include "cli/tensors/named_prompt.h"
#include "clip/towers/arithmetic.h"

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

void settle_precision(InputSpec& spec, const Values& values, const Classifier& classifier) {
  if (!classifier.prompt() || classifier.prompt()->origin) return;
  const Precision trained = from_name(kPrecisions, classifier.prompt()->run.precision);
  Precision& tested = spec.placement.precision;
  const bool is_there = trained != Precision::tf32 || spec.placement.device.is_cuda();
  if (!values.given("precision") && is_there) {
    tested = trained;
    settle_arithmetic(spec.placement);
  }
  if (tested != trained)
    fmt::print(stderr, "note: the prompt was trained with {}, and is tested with {}\n", to_string(trained),
               to_string(tested));
}

}  // namespace promptbed
