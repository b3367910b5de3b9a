#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/json_text.h"
#include "cli/options.h"
#include "cli/tensors/input_options.h"
#include "sweep/diagnosis.h"

namespace promptbed {
namespace {

std::string findings_text(const std::vector<MachineFinding>& findings) {
  size_t width = 0;
  for (const MachineFinding& finding : findings) width = std::max(width, finding.subject.size());
  std::string text;
  for (const auto& [subject, value, remedy] : findings) {
    text += fmt::format("{:<{}}  {}\n", printable(subject), width, printable(value));
    if (!remedy.empty()) text += fmt::format("{:<{}}  ! {}\n", "", width, printable(remedy));
  }
  return text;
}

std::string findings_json(const std::vector<MachineFinding>& findings) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const auto& [subject, value, remedy] : findings)
    json.push_back({{"subject", subject}, {"value", value}, {"remedy", remedy}});
  return json_text(json);
}

}  // namespace

int doctor_command(const Arguments& arguments) {
  const std::optional<Values> values = parse(
      arguments,
      {.usage = "runner doctor [OPTIONS]",
       .explanation = "Says what this machine offers and what a sweep on it would use: processor, memory,\n"
                      "LibTorch and its BLAS, GPUs, the drives of ledger and cache, plugins. What slows\n"
                      "or endangers a sweep has a remedy below it, after an exclamation mark; the exit\n"
                      "code is 1 if there is any.\n\n"
                      "  runner doctor",
       .options = {{"options", {shared("db"), shared("cache"), shared("plugins"), text_or_json()}}}});
  if (!values) return kAllDone;
  const DiagnosisSpec spec{.ledger = ledger_path(*values),
                           .cache = values->text("cache"),
                           .plugins = read_plugin_folders(*values)};
  const auto render = values->one_of<std::string (*)(const std::vector<MachineFinding>&)>(
      "format", {{"text", findings_text}, {"json", findings_json}});
  const std::vector<MachineFinding> findings = diagnose(spec);
  fmt::print("{}", render(findings));
  return std::ranges::all_of(findings, &std::string::empty, &MachineFinding::remedy) ? kAllDone : kSomeFailed;
}

}  // namespace promptbed
