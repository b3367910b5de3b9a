#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/tensors/prompts_commands.h"
#include "prompts/reference_checkpoint.h"
#include "prompts/trained_prompt.h"

namespace promptbed {
namespace {

const Usage kUsage = {
    "runner prompts export PROMPT --output FILE [OPTIONS]",
    "Writes a prompt of CoOp or CoCoOp as a checkpoint that their own code loads: put it at\n"
    "DIRECTORY/prompt_learner/model.pth.tar-N and give the trainer --model-dir DIRECTORY --load-epoch N.\n\n"
    "  runner prompts export 4f1d --output output/prompt_learner/model.pth.tar-50"};

}  // namespace

int export_prompt(const Arguments& arguments) {
  options::options_description described("options", 110, 60);
  auto add = described.add_options();
  const auto text = [](const char* name) { return options::value<std::string>()->value_name(name); };
  add("output", text("FILE")->required(), "where to write the checkpoint");
  add("db", text("FILE")->default_value("runs/promptbed.db"), "ledger, where a prompt is named by its run");
  const auto values = parse_arguments(arguments, described, kUsage, /*takes_words=*/true);
  if (!values) return kAllDone;
  const std::string word = only_word(*values, "prompts export", "a trained prompt");
  const TrainedPrompt prompt = read_trained_prompt(find_prompt(word, (*values)["db"].as<std::string>()));
  const std::string output = (*values)["output"].as<std::string>();
  write_reference_checkpoint(output, prompt);
  fmt::print("{}: {}\n", output, title_of(prompt));
  return kAllDone;
}

}  // namespace promptbed
