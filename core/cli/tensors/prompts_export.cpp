#include <fmt/format.h>

#include "base/files.h"
#include "cli/options.h"
#include "cli/tensors/named_prompt.h"
#include "cli/tensors/prompts_commands.h"
#include "prompts/classifier.h"
#include "prompts/reference_checkpoint.h"

namespace promptbed {
int export_prompt(const Arguments& arguments) {
  const std::optional<Values> values =
      parse(arguments,
            {.usage = "runner prompts export PROMPT --output FILE [OPTIONS]",
             .explanation =
                 "Writes a prompt of CoOp or CoCoOp as a checkpoint that their own code loads: put it at\n"
                 "DIRECTORY/prompt_learner/model.pth.tar-N and give the trainer --model-dir DIRECTORY\n"
                 "--load-epoch N.\n\n"
                 "  runner prompts export 4f1d --output output/prompt_learner/model.pth.tar-50",
             .options = {{"options", {required(shared("output")), shared("db")}}},
             .takes_arguments = true});
  if (!values) return kAllDone;
  const std::string& named = values->only_argument("prompts export", "a trained prompt");
  const auto [prompt, file] = read_named_prompt(named, ledger_path(*values));
  const std::string output = output_file(*values);
  check_is_other(output, file);
  write_reference_checkpoint(output, prompt);
  fmt::print("{}: {}\n", output, title_of(prompt));
  return kAllDone;
}

}  // namespace promptbed
