#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "clip/checkpoints/checkpoint.h"

/// Towers with random weights, the same for the same sizes: for measurements and tests that depend on sizes
/// only.
namespace promptbed {

/// Sizes of a text tower. The default ones are small, for tests.
struct TextTowerSizes {
  int64_t width = 64, heads = 2, layers = 3, context_length = 16, vocabulary = 30, embedding = 24;
};

/// Sizes of a vision transformer; `patch` and `resolution` are pixels of a side.
struct ImageTowerSizes {
  int64_t width = 64, heads = 2, layers = 3, patch = 8, resolution = 32, embedding = 24;
};

/// The sizes of the text tower of one of OpenAI's models: "RN50", "RN101", "ViT-B/32", "ViT-B/16" or
/// "ViT-L/14". Throws Error for another name, listing the known ones.
TextTowerSizes text_tower_sizes(const std::string& architecture);

/// Those of its image tower; nothing if that is a ResNet. Throws the same.
std::optional<ImageTowerSizes> image_tower_sizes(const std::string& architecture);

Checkpoint random_text_tower(const TextTowerSizes& sizes = {});

Checkpoint random_image_tower(const ImageTowerSizes& sizes = {});

}  // namespace promptbed
