#include "clip/checkpoints/architecture.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "clip/mini_clip.h"
#include "support/expect_error.h"
#include "support/scratch.h"

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

TEST(CheckArchitecture, RefusesSizesThatNoClipHas) {
  test::ScratchFolder scratch;
  test::write_mini_clip(scratch.path());
  const auto refusal = [&](const auto& change) {
    auto tensors = test::mini_huggingface_tensors(3);
    change(tensors);
    write_safetensors(scratch / "model.safetensors", {tensors.begin(), tensors.end()});
    return test::error_of([&] { load_checkpoint(scratch.path()); });
  };
  const std::string no_grid = refusal([](auto& tensors) {
    tensors["vision_model.embeddings.position_embedding.weight"] = at::zeros({1, 8});
  });
  EXPECT_TRUE(no_grid.starts_with((scratch.path()).string() +
                                  ": the model has 0 pixels a side, and a CLIP has 1 to 4096; "))
      << no_grid;
  const std::string no_layers = refusal([](auto& tensors) {
    std::erase_if(tensors, [](const auto& named) { return named.first.starts_with("text_model.encoder"); });
  });
  EXPECT_NE(no_layers.find("the model has 0 text layers, and a CLIP has 1 to 256; "), std::string::npos)
      << no_layers;
}

}  // namespace
}  // namespace promptbed
