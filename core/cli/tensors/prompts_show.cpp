#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/json_text.h"
#include "cli/options.h"
#include "cli/tensors/named_prompt.h"
#include "cli/tensors/prompts_commands.h"
#include "prompts/classifier.h"
#include "report/select/spec_text.h"

namespace promptbed {
namespace {

int64_t count_numbers(const TrainedPrompt& prompt) {
  int64_t count = 0;
  for (const auto& [name, tensor] : prompt.state) count += tensor.numel();
  return count;
}

std::string prompt_text(const TrainedPrompt& prompt, const std::string& file) {
  Fields fields = {{"file", file}};
  if (prompt.origin) {
    fields.emplace_back("imported from",
                        prompt.origin->epoch
                            ? fmt::format("{}, epoch {}", prompt.origin->file, *prompt.origin->epoch)
                            : prompt.origin->file);
  } else {
    fields.emplace_back("run", prompt.run.id());
  }
  for (auto& field : fields_of(prompt.run)) fields.push_back(std::move(field));
  fields.emplace_back(
      "classes", prompt.class_names.empty()
                     ? "unknown"
                     : fmt::format("{}: {}", prompt.class_names.size(), fmt::join(prompt.class_names, ", ")));
  std::string tensors;
  for (const auto& [name, tensor] : prompt.state) {
    tensors += fmt::format("{}{} [{}] {}", tensors.empty() ? "" : "\n", name, fmt::join(tensor.sizes(), ", "),
                           c10::toString(tensor.scalar_type()));
  }
  fields.emplace_back("tensors", tensors);
  fields.emplace_back("numbers", std::to_string(count_numbers(prompt)));
  return render_fields(title_of(prompt), fields);
}

std::string prompt_json(const TrainedPrompt& prompt, const std::string& file) {
  nlohmann::ordered_json json = {{"file", file},
                                 {"id", prompt.run.id()},
                                 {"run", prompt.run.canonical()},
                                 {"class_names", prompt.class_names},
                                 {"origin", nullptr},
                                 {"tensors", nlohmann::ordered_json::array()},
                                 {"numbers", count_numbers(prompt)}};
  if (prompt.origin) json["origin"] = to_json(*prompt.origin);
  for (const auto& [name, tensor] : prompt.state) {
    json["tensors"].push_back(
        {{"name", name}, {"shape", tensor.sizes().vec()}, {"type", c10::toString(tensor.scalar_type())}});
  }
  return json_text(json);
}

}  // namespace

int show_prompt(const Arguments& arguments) {
  const std::optional<Values> values = parse(
      arguments,
      {.usage = "runner prompts show PROMPT [OPTIONS]",
       .explanation = "Prints what a trained prompt is: method, options, training, classes and tensors.\n"
                      "PROMPT is a file or a run's id.\n\n"
                      "  runner prompts show 4f1d\n"
                      "  runner prompts show prompt.safetensors --format json",
       .options = {{"options", {text_or_json(), shared("db")}}},
       .takes_arguments = true});
  if (!values) return kAllDone;
  const OutputFormat format = values->one_of("format", kTextJson);
  const std::string& named = values->only_argument("prompts show", "a trained prompt");
  const auto [prompt, file] = read_named_prompt(named, ledger_path(*values));
  fmt::print("{}", format == OutputFormat::json ? prompt_json(prompt, file.string())
                                                : printable_lines(prompt_text(prompt, file.string())));
  return kAllDone;
}

}  // namespace promptbed
