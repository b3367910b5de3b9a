#include "clip/towers/image_tower.h"

#include "clip/checkpoints/architecture.h"
#include "clip/towers/modified_resnet.h"
#include "clip/towers/vision_transformer.h"

namespace promptbed {

int64_t image_resolution(const Checkpoint& checkpoint) {
  return has_modified_resnet(checkpoint) ? ModifiedResNet::resolution_of(checkpoint)
                                         : VisionTransformer::resolution_of(checkpoint);
}

int64_t count_image_blocks(const Checkpoint& checkpoint) {
  return has_modified_resnet(checkpoint) ? 0 : count_layers(checkpoint, "visual.transformer");
}

std::unique_ptr<ImageEncoder> make_image_encoder(const Checkpoint& checkpoint, Placement placement) {
  if (!has_modified_resnet(checkpoint)) return std::make_unique<VisionTransformer>(checkpoint, placement);
  placement.differentiable = false;  // nothing can be learned in front of it
  return std::make_unique<ModifiedResNet>(checkpoint, placement);
}

int64_t LateImageEncoder::embedding_width() const {
  return has_modified_resnet(checkpoint_) ? tower().embedding_width() : checkpoint_.at("visual.proj").size(1);
}

int64_t LateImageEncoder::width() const {
  return has_modified_resnet(checkpoint_) ? 0 : checkpoint_.at("visual.class_embedding").size(0);
}

const ImageEncoder& LateImageEncoder::tower() const {
  std::call_once(once_, [this] {
    tower_ = make_image_encoder(checkpoint_, placement_);
    checkpoint_.let_go();
  });
  return *tower_;
}

}  // namespace promptbed
