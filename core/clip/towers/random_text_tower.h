#pragma once

#include <cstdint>
#include <string>

#include "clip/checkpoints/checkpoint.h"

namespace promptbed {

/// Sizes of a text tower. The default ones are small, for tests.
struct TextTowerSizes {
  int64_t width = 64, heads = 2, layers = 3, context_length = 16, vocabulary = 30, embedding = 24;
};

/// The sizes of the text tower of one of OpenAI's models: "RN50", "RN101", "ViT-B/32", "ViT-B/16" or
/// "ViT-L/14". Throws Error for another name, listing the known ones.
TextTowerSizes text_tower_sizes(const std::string& architecture);

/// The text tower of a CLIP with random weights, the same for the same sizes: for measurements and tests that
/// depend on sizes only.
Checkpoint random_text_tower(const TextTowerSizes& sizes = {});

}  // namespace promptbed
