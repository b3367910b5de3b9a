#include "cli/arguments.h"
#include "cli/tensors/prompts_commands.h"

namespace promptbed {
namespace {

const Usage kUsage = {
    "runner prompts show|words|import|export [OPTIONS]",
    "Trained prompts, which are files: sweep and train write them to runs/prompts.\n\n"
    "  show    tells what a prompt is: its method, options, classes, training and tensors\n"
    "  words   reads the learned vectors: the words of the vocabulary that are nearest to them\n"
    "  import  makes a prompt of a checkpoint that CoOp's or CoCoOp's own code trained\n"
    "  export  makes such a checkpoint of a prompt\n\n"
    "Every word has its own --help. docs/prompts.md goes through them."};

}  // namespace

int prompts_command(const Arguments& arguments) {
  return run_word(
      "prompts", arguments, kUsage,
      {{"show", show_prompt}, {"words", prompt_words}, {"import", import_prompt}, {"export", export_prompt}});
}

}  // namespace promptbed
