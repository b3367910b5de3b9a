#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "clip/model.h"
#include "prompts/trained_prompt.h"
#include "prompts/whole_model.h"

namespace promptbed {

/// What the trainers of CoOp and CoCoOp (github.com/KaiyangZhou/CoOp, on Dassl) save as
/// prompt_learner/model.pth.tar-N, and those of MaPLe and PromptSRC (github.com/muzairkhattak) with the whole
/// model around it, without the states of optimiser and scheduler.
struct ReferenceCheckpoint {
  PromptOrigin origin;
  LearnedTensors learned;  ///< of "coop" and "cocoop": "ctx", [M, W] or [K, M, W], and of the latter
                           ///< "meta_net.linear1.weight" and so on
  Tensor prefix;           ///< [K, 1, W], the embeddings of start of text; undefined if the file has none
  Tensor suffix;           ///< [K, S, W], those of "name . [EOS]" and the padding; the same

  /// The prompt that write_reference_checkpoint was given, if it wrote the file.
  std::optional<TrainedPrompt> exported = {};

  const Tensor& context() const { return learned.state.front().second; }
};

/// Reads a checkpoint as data: nothing in it is executed. Throws Error if it is damaged or has other tensors
/// than those of these methods.
ReferenceCheckpoint read_reference_checkpoint(const std::filesystem::path& path);

/// Throws Error if the checkpoint was not trained with this model: if the widths of its tensors, or its
/// embedding of the start of text, differ.
void check_model(const ReferenceCheckpoint& checkpoint, const ClipModel& model);

/// The names of the classes that the checkpoint was trained on, as tokens spell them: in lower case, with
/// blanks. Empty if it does not hold their embeddings. Throws Error if those are not the model's.
ClassNames class_names_in(const ReferenceCheckpoint& checkpoint, const ClipModel& model);

/// Throws Error, naming the first class that differs, if the checkpoint was trained on other classes than
/// these. If it does not hold their embeddings, only the number of class-specific contexts can be compared.
void check_classes(const ReferenceCheckpoint& checkpoint, const ClassNames& class_names,
                   const ClipModel& model);

/// Writes a prompt of CoOp or CoCoOp, or of a method with the same tensors, for the reference to load: its
/// torch.load, and load_state_dict with strict=False. What the reference does not know goes under
/// "promptbed", so that reading the file gives the whole prompt back. Throws Error for a prompt with other
/// tensors, and if the file cannot be written.
void write_reference_checkpoint(const std::filesystem::path& path, const TrainedPrompt& prompt);

}  // namespace promptbed
