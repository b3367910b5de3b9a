#pragma once

#include <promptbed/tokenizer.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "clip/checkpoints/checkpoint.h"
#include "clip/preprocessing.h"
#include "clip/towers/image_encoder.h"

namespace promptbed {

/// A CLIP on disk: its weights stay mapped, and only the tower that is asked for is made ready to compute.
///
///     const ClipModel model = ClipModel::load("models/ViT-B-16");
///     const auto encoder = model.make_image_encoder({});
///     const Tensor features = encoder->encode(pixels);   // [B, D]
class ClipModel {
 public:
  /// A folder in the Hugging Face layout or a checkpoint file; `activation` is for forms that do not tell
  /// theirs. Throws Error where the model is missing, damaged or no CLIP.
  static ClipModel load(const std::filesystem::path& path, std::optional<Activation> activation = {});

  const std::filesystem::path& path() const { return path_; }
  const Checkpoint& checkpoint() const { return checkpoint_; }

  /// Of weights, activation, heads and preprocessing: the same for all forms of the same model.
  const std::string& fingerprint() const { return fingerprint_; }

  const Preprocessing& preprocessing() const { return preprocessing_; }

  /// Reads the merges beside the weights, the first time. Throws Error where there are none.
  std::shared_ptr<const Tokenizer> tokenizer() const;

  int64_t embedding_width() const;  ///< D
  int64_t context_length() const;   ///< tokens that a prompt may have, start and end included
  double logit_scale() const;       ///< the factor itself, not its logarithm

  std::unique_ptr<ImageEncoder> make_image_encoder(const Placement& placement) const;

 private:
  ClipModel(std::filesystem::path path, Checkpoint checkpoint);

  std::filesystem::path path_;
  Checkpoint checkpoint_;
  Preprocessing preprocessing_;
  std::string fingerprint_;
  mutable std::shared_ptr<const Tokenizer> tokenizer_;
};

}  // namespace promptbed
