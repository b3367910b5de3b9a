#pragma once

#include <promptbed/tokenizer.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "clip/checkpoints/checkpoint.h"
#include "clip/preprocessing.h"
#include "clip/towers/image_tower.h"

namespace promptbed {

/// A CLIP on disk. Its weights stay mapped; a tower is prepared when it is first asked for.
///
///     const ClipModel model = ClipModel::load("models/ViT-B-16");
///     const auto encoder = model.make_image_encoder({});
///     const Tensor features = encoder->encode(pixels);   // [B, D]
class ClipModel {
 public:
  /// From a folder or a checkpoint file; `activation` is for files that do not name theirs. Throws Error if
  /// the model is missing, damaged or not a CLIP.
  static ClipModel load(const std::filesystem::path& path, std::optional<Activation> activation = {});

  const std::filesystem::path& path() const { return path_; }
  const Checkpoint& checkpoint() const { return checkpoint_; }

  /// Hash of weights, activation, heads and preprocessing: the same for all layouts of a model.
  const std::string& fingerprint() const { return fingerprint_; }

  const Preprocessing& preprocessing() const { return preprocessing_; }

  /// Reads the merges beside the weights on first use. Throws Error if there are none.
  std::shared_ptr<const Tokenizer> tokenizer() const;

  /// Which tokenizer that is (tokenizer_id of its merges). Throws Error like tokenizer().
  const std::string& tokenizer_id() const;

  int64_t embedding_width() const;  ///< D
  int64_t context_length() const;   ///< most tokens of a prompt, start and end included
  int64_t text_blocks() const;      ///< residual attention blocks of the text tower
  int64_t image_blocks() const;     ///< of the image tower; 0 for a ResNet
  double logit_scale() const;       ///< the factor itself, not its logarithm

  /// The image tower, for pixels alone.
  std::unique_ptr<ImageEncoder> make_image_encoder(const Placement& placement) const;

  /// The image tower for methods that put something into it. It comes into memory when it is first used.
  std::shared_ptr<const ImageEncoder> make_prompted_image_encoder(const Placement& placement) const;

 private:
  ClipModel(std::filesystem::path path, Checkpoint checkpoint);

  std::filesystem::path path_;
  Checkpoint checkpoint_;
  Preprocessing preprocessing_;
  std::string fingerprint_;
  mutable std::shared_ptr<const Tokenizer> tokenizer_;
  mutable std::optional<std::string> tokenizer_id_;
};

}  // namespace promptbed
