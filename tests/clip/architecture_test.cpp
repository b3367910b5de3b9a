#include "clip/checkpoints/architecture.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace promptbed {
namespace {

/// As much of a vision transformer's checkpoint as its name depends on.
Checkpoint vision_transformer(int64_t width, int64_t layers, int64_t patch, int64_t grid, int64_t embedding) {
  Checkpoint checkpoint;
  checkpoint.tensors["visual.conv1.weight"] = at::empty({width, 3, patch, patch});
  checkpoint.tensors["visual.positional_embedding"] = at::empty({grid * grid + 1, width});
  checkpoint.tensors["text_projection"] = at::empty({512, embedding});
  for (int64_t layer = 0; layer < layers; ++layer) {
    checkpoint.tensors[fmt::format("visual.transformer.resblocks.{}.attn.in_proj_weight", layer)] =
        at::empty({1});
  }
  return checkpoint;
}

TEST(ArchitectureName, IsThatOfThePublishedSizes) {
  EXPECT_EQ(architecture_name(vision_transformer(768, 12, 16, 14, 512)), "ViT-B/16");
  EXPECT_EQ(architecture_name(vision_transformer(768, 12, 32, 7, 512)), "ViT-B/32");
  EXPECT_EQ(architecture_name(vision_transformer(1024, 24, 14, 24, 768)), "ViT-L/14@336px");
}

TEST(ArchitectureName, TellsTheSizesOfOthers) {
  EXPECT_EQ(architecture_name(vision_transformer(768, 11, 16, 14, 512)),
            "ViT (width 768, 11 layers, patch 16)");
}

}  // namespace
}  // namespace promptbed
