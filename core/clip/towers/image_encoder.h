#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <memory>

#include "clip/checkpoints/checkpoint.h"
#include "clip/towers/layers.h"

namespace promptbed {

/// CLIP's frozen image tower.
class ImageEncoder {
 public:
  virtual ~ImageEncoder() = default;

  /// Image features [B, D] in f32, not normalised, of normalised pixels [B, 3, R, R].
  virtual Tensor encode(const Tensor& pixels) const = 0;

  virtual int64_t resolution() const = 0;       ///< R
  virtual int64_t embedding_width() const = 0;  ///< D
};

/// The resolution R of the checkpoint's image tower.
int64_t image_resolution(const Checkpoint& checkpoint);

/// A vision transformer or a ModifiedResNet, whichever the checkpoint has.
std::unique_ptr<ImageEncoder> make_image_encoder(const Checkpoint& checkpoint, Placement placement);

}  // namespace promptbed
