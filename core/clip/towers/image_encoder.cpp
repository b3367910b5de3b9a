#include "clip/towers/image_encoder.h"

#include "clip/checkpoints/architecture.h"
#include "clip/towers/modified_resnet.h"
#include "clip/towers/vision_transformer.h"

namespace promptbed {

int64_t image_resolution(const Checkpoint& checkpoint) {
  return has_modified_resnet(checkpoint) ? ModifiedResNet::resolution_of(checkpoint)
                                         : VisionTransformer::resolution_of(checkpoint);
}

std::unique_ptr<ImageEncoder> make_image_encoder(const Checkpoint& checkpoint, Placement placement) {
  placement.differentiable = false;  // nothing is learned in front of it
  if (has_modified_resnet(checkpoint)) return std::make_unique<ModifiedResNet>(checkpoint, placement);
  return std::make_unique<VisionTransformer>(checkpoint, placement);
}

}  // namespace promptbed
