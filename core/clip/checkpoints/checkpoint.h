#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace promptbed {

/// Of an attention head, unless a configuration or an open_clip model's size says otherwise.
inline constexpr int64_t kHeadWidth = 64;

/// The non-linearity between the two layers of each MLP.
enum class Activation {
  quick_gelu,  ///< x sigmoid(1.702 x): OpenAI's models
  gelu,        ///< the exact one: most open_clip models
};

/// A CLIP's frozen weights under OpenAI's names ("visual.conv1.weight",
/// "transformer.resblocks.0.attn.in_proj_weight"), whatever layout they were read from.
struct Checkpoint {
  std::map<std::string, Tensor>
      tensors;  ///< as stored (f16, bf16 or f32), memory-mapped if the layout allows it
  Activation activation = Activation::quick_gelu;
  int64_t vision_heads = 0;  ///< attention heads of the image tower; 0 for a ModifiedResNet
  int64_t text_heads = 0;

  /// Throws Error, naming the tensor, if the checkpoint lacks it.
  const Tensor& at(const std::string& name) const;

  bool has(const std::string& name) const { return tensors.contains(name); }

  /// Releases the memory of file-backed tensors (mapped_bytes.h) once they have been read.
  void let_go() const;

  /// Hash of activation, heads and every name, shape and value (as f32): the same for all layouts of a model.
  /// It is the one pass over all values when a model is loaded, so it throws Error, naming the tensor, for
  /// NaN and infinity.
  std::string fingerprint() const;
};

/// Reads the weights of a model: a folder in the layout of Hugging Face or open_clip, or a checkpoint file
/// (OpenAI's, a state dict of torch.save, open_clip's). `activation` is for files that do not name
/// theirs. Throws Error if the file is damaged or not a CLIP, if the activation is unknown, or if
/// `activation` contradicts the file.
Checkpoint load_checkpoint(const std::filesystem::path& path, std::optional<Activation> activation = {});

/// Releases a tensor's memory if a file backs it.
void let_go(const Tensor& tensor);

}  // namespace promptbed
