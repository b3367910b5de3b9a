#pragma once

#include <promptbed/options.h>
#include <promptbed/tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace promptbed {

/// What is learned in a checkpoint, in f32 under a method's own names, "ctx" first.
struct LearnedTensors {
  std::string method;
  OptionValues options;  ///< that follow from the tensors
  NamedTensors state;
  std::string words = {};  ///< fixed ones between the context and the class name: "of a"
};

/// Whether a state dict, by name, is of a whole model, as the trainers of MaPLe, IVLP and PromptSRC save it
/// (github.com/muzairkhattak).
bool is_whole_model(const std::map<std::string, Tensor>& tensors);

/// Takes what is learned out of such a state dict, and leaves the prompts' embeddings under the names that
/// CoOp's code has for them, "token_prefix" and "token_suffix"; drops the frozen model. IVLP's tensors are
/// those of PromptSRC, which is what they are taken for. Throws Error for a state dict of another method.
LearnedTensors take_learned_tensors(std::map<std::string, Tensor>& tensors,
                                    const std::filesystem::path& path);

}  // namespace promptbed
