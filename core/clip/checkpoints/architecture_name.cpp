#include "clip/checkpoints/architecture_name.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "clip/checkpoints/architecture.h"
#include "clip/towers/image_encoder.h"

namespace promptbed {
namespace {

/// Sizes that distinguish the published CLIPs (arXiv 2103.00020, table 20).
struct VisionTransformerSizes {
  const char* name;
  int64_t width, layers, patch, embedding_width;
};

constexpr VisionTransformerSizes kVisionTransformers[] = {{"ViT-B/32", 768, 12, 32, 512},
                                                          {"ViT-B/16", 768, 12, 16, 512},
                                                          {"ViT-L/14", 1024, 24, 14, 768},
                                                          {"ViT-H/14", 1280, 32, 14, 1024}};

struct ResNetSizes {
  const char* name;
  std::array<int64_t, 4> blocks;  ///< in each of the four stages
  int64_t embedding_width;
};

constexpr ResNetSizes kResNets[] = {{"RN50", {3, 4, 6, 3}, 1024},
                                    {"RN101", {3, 4, 23, 3}, 512},
                                    {"RN50x4", {4, 6, 10, 6}, 640},
                                    {"RN50x16", {6, 8, 18, 8}, 768},
                                    {"RN50x64", {3, 15, 36, 10}, 1024}};

constexpr int64_t kUsualResolution = 224;

int64_t embedding_width(const Checkpoint& checkpoint) {
  return checkpoint.at("text_projection").size(1);
}

std::string vision_transformer_name(const Checkpoint& checkpoint) {
  const Tensor& patches = checkpoint.at("visual.conv1.weight");
  const int64_t width = patches.size(0), patch = patches.size(2);
  const int64_t layers = count_layers(checkpoint, "visual.transformer");
  for (const VisionTransformerSizes& known : kVisionTransformers) {
    if (known.width != width || known.layers != layers || known.patch != patch ||
        known.embedding_width != embedding_width(checkpoint))
      continue;
    const int64_t resolution = image_resolution(checkpoint);
    return resolution == kUsualResolution ? known.name : fmt::format("{}@{}px", known.name, resolution);
  }
  return fmt::format("ViT (width {}, {} layers, patch {})", width, layers, patch);
}

std::string resnet_name(const Checkpoint& checkpoint) {
  std::array<int64_t, 4> blocks{};
  for (size_t stage = 0; stage < blocks.size(); ++stage) {
    while (checkpoint.has(fmt::format("visual.layer{}.{}.conv1.weight", stage + 1, blocks[stage])))
      ++blocks[stage];
  }
  for (const ResNetSizes& known : kResNets) {
    if (known.blocks == blocks && known.embedding_width == embedding_width(checkpoint)) return known.name;
  }
  return fmt::format("ModifiedResNet ({} blocks)", fmt::join(blocks, ", "));
}

}  // namespace

std::string architecture_name(const Checkpoint& checkpoint) {
  return has_modified_resnet(checkpoint) ? resnet_name(checkpoint) : vision_transformer_name(checkpoint);
}

}  // namespace promptbed
