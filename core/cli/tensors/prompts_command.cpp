#include "cli/options.h"
#include "cli/tensors/prompts_commands.h"

namespace promptbed {
namespace {

const Subcommands kPrompts = {
    "prompts", "runner prompts show|words|import|export [OPTIONS]",
    "Trained prompts are files: sweep and train write them to runs/prompts.\n\n"
    "  show    prints what a prompt is: method, options, classes, training, tensors\n"
    "  words   reads the learned vectors as the nearest words of the vocabulary\n"
    "  import  reads a checkpoint of CoOp's or CoCoOp's own code\n"
    "  export  writes such a checkpoint\n\n"
    "docs/prompts.md has examples."};

}  // namespace

int prompts_command(const Arguments& arguments) {
  return run_subcommand(
      kPrompts, arguments,
      {{"show", show_prompt}, {"words", prompt_words}, {"import", import_prompt}, {"export", export_prompt}});
}

}  // namespace promptbed
