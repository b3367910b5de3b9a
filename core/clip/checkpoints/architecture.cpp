#include "clip/checkpoints/architecture.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <array>
#include <cmath>

#include "clip/towers/image_tower.h"
#include "data/pictures/view.h"

namespace promptbed {
namespace {

using Shapes = std::map<std::string, std::vector<int64_t>>;

constexpr int64_t kMlpExpansion = 4;
constexpr int64_t kBottleneckExpansion = 4;
constexpr int64_t kMostLayers = 256;
constexpr int64_t kMostPositions = 1 << 16;
constexpr const char* kRemedy = "give a CLIP of OpenAI's, open_clip's or Hugging Face's layout with --model";

/// The tensor of that name, checked to have this many dimensions, none of them empty.
Tensor with_dimensions(const Checkpoint& checkpoint, const std::string& name, int64_t dimensions) {
  const Tensor& tensor = checkpoint.at(name);
  if (tensor.dim() != dimensions || tensor.numel() == 0) {
    throw Error(fmt::format("tensor '{}' has the shape [{}] instead of {} dimensions; {}", name,
                            fmt::join(tensor.sizes(), ", "), dimensions, kRemedy));
  }
  return tensor;
}

/// The number of consecutive n = 0, 1, ... for which the checkpoint has "<stem><n><leaf>".
int64_t count(const Checkpoint& checkpoint, const std::string& stem, const std::string& leaf) {
  int64_t n = 0;
  while (checkpoint.has(fmt::format("{}{}{}", stem, n, leaf))) ++n;
  return n;
}

void expect_affine(Shapes& shapes, const std::string& name, int64_t width) {
  shapes[name + ".weight"] = {width};
  shapes[name + ".bias"] = {width};
}

void expect_linear(Shapes& shapes, const std::string& name, int64_t out, int64_t in) {
  shapes[name + ".weight"] = {out, in};
  shapes[name + ".bias"] = {out};
}

void expect_transformer(Shapes& shapes, const Checkpoint& checkpoint, const std::string& name,
                        int64_t width) {
  const int64_t layers = count_layers(checkpoint, name);
  for (int64_t layer = 0; layer < layers; ++layer) {
    const std::string block = fmt::format("{}.resblocks.{}", name, layer);
    expect_affine(shapes, block + ".ln_1", width);
    shapes[block + ".attn.in_proj_weight"] = {3 * width, width};
    shapes[block + ".attn.in_proj_bias"] = {3 * width};
    expect_linear(shapes, block + ".attn.out_proj", width, width);
    expect_affine(shapes, block + ".ln_2", width);
    expect_linear(shapes, block + ".mlp.c_fc", kMlpExpansion * width, width);
    expect_linear(shapes, block + ".mlp.c_proj", width, kMlpExpansion * width);
  }
}

/// The side of the square of patches for which there are positions, besides the one of the class token.
int64_t grid_of(const Tensor& positions) {
  return static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(positions.size(0) - 1))));
}

/// Throws Error for a size that no CLIP has: it would be divided by, or ask for absurd images.
void check_size(const char* what, int64_t size, int64_t most) {
  if (size < 1 || size > most)
    throw Error(fmt::format("the model has {} {}, and a CLIP has 1 to {}; {}", size, what, most, kRemedy));
}

void expect_vision_transformer(Shapes& shapes, const Checkpoint& checkpoint, int64_t embedding_width) {
  const Tensor patches = with_dimensions(checkpoint, "visual.conv1.weight", 4);
  const int64_t width = patches.size(0), patch = patches.size(2);
  const Tensor positions = with_dimensions(checkpoint, "visual.positional_embedding", 2);
  const int64_t grid = grid_of(positions);
  shapes["visual.conv1.weight"] = {width, 3, patch, patch};
  shapes["visual.class_embedding"] = {width};
  shapes["visual.positional_embedding"] = {grid * grid + 1, width};
  expect_affine(shapes, "visual.ln_pre", width);
  expect_transformer(shapes, checkpoint, "visual.transformer", width);
  expect_affine(shapes, "visual.ln_post", width);
  shapes["visual.proj"] = {width, embedding_width};
}

/// A convolution without bias, and the batch norm after it.
void expect_convolution(Shapes& shapes, const std::string& convolution, const std::string& norm, int64_t out,
                        int64_t in, int64_t kernel) {
  shapes[convolution + ".weight"] = {out, in, kernel, kernel};
  expect_affine(shapes, norm, out);
  shapes[norm + ".running_mean"] = {out};
  shapes[norm + ".running_var"] = {out};
}

/// Bottleneck blocks "<name>.0", "<name>.1", ...; returns the output channels.
int64_t expect_stage(Shapes& shapes, const Checkpoint& checkpoint, const std::string& name, int64_t in,
                     int64_t inner) {
  const int64_t blocks = count(checkpoint, name + ".", ".conv1.weight");
  const int64_t out = kBottleneckExpansion * inner;
  for (int64_t n = 0; n < blocks; ++n) {
    const std::string block = fmt::format("{}.{}", name, n);
    const int64_t block_in = n == 0 ? in : out;
    expect_convolution(shapes, block + ".conv1", block + ".bn1", inner, block_in, 1);
    expect_convolution(shapes, block + ".conv2", block + ".bn2", inner, inner, 3);
    expect_convolution(shapes, block + ".conv3", block + ".bn3", out, inner, 1);
    if (n == 0)
      expect_convolution(shapes, block + ".downsample.0", block + ".downsample.1", out, block_in, 1);
  }
  return out;
}

void expect_modified_resnet(Shapes& shapes, const Checkpoint& checkpoint, int64_t embedding_width) {
  const int64_t half = with_dimensions(checkpoint, "visual.conv1.weight", 4).size(0);
  const int64_t width = 2 * half;
  expect_convolution(shapes, "visual.conv1", "visual.bn1", half, 3, 3);
  expect_convolution(shapes, "visual.conv2", "visual.bn2", half, half, 3);
  expect_convolution(shapes, "visual.conv3", "visual.bn3", width, half, 3);
  int64_t channels = width;
  for (int64_t stage = 1; stage <= 4; ++stage)
    channels = expect_stage(shapes, checkpoint, fmt::format("visual.layer{}", stage), channels,
                            width << (stage - 1));

  const std::string pool = "visual.attnpool";
  const Tensor positions = with_dimensions(checkpoint, pool + ".positional_embedding", 2);
  const int64_t grid = grid_of(positions);
  shapes[pool + ".positional_embedding"] = {grid * grid + 1, channels};
  for (const char* projection : {".q_proj", ".k_proj", ".v_proj"})
    expect_linear(shapes, pool + projection, channels, channels);
  expect_linear(shapes, pool + ".c_proj", embedding_width, channels);
}

void check_heads(const char* tower, int64_t heads, int64_t width) {
  if (heads <= 0 || width % heads != 0) {
    throw Error(fmt::format(
        "{} heads do not divide the {} tower's width of {}; fix num_attention_heads in config.json", heads,
        tower, width));
  }
}

/// Of a checkpoint whose shapes are right.
void check_sizes(const Checkpoint& checkpoint) {
  check_size("text layers", count_layers(checkpoint, "transformer"), kMostLayers);
  check_size("text positions", checkpoint.at("positional_embedding").size(0), kMostPositions);
  if (!has_modified_resnet(checkpoint))
    check_size("image layers", count_layers(checkpoint, "visual.transformer"), kMostLayers);
  check_size("pixels a side", image_resolution(checkpoint), kLargestView);
}

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

bool has_modified_resnet(const Checkpoint& checkpoint) {
  return checkpoint.has("visual.layer1.0.conv1.weight");
}

int64_t count_layers(const Checkpoint& checkpoint, const std::string& transformer) {
  return count(checkpoint, transformer + ".resblocks.", ".attn.in_proj_weight");
}

Shapes expected_shapes(const Checkpoint& checkpoint) {
  Shapes shapes;
  const Tensor projection = with_dimensions(checkpoint, "text_projection", 2);
  const int64_t width = projection.size(0), embedding_width = projection.size(1);
  shapes["text_projection"] = {width, embedding_width};
  shapes["token_embedding.weight"] = {with_dimensions(checkpoint, "token_embedding.weight", 2).size(0),
                                      width};
  shapes["positional_embedding"] = {with_dimensions(checkpoint, "positional_embedding", 2).size(0), width};
  expect_transformer(shapes, checkpoint, "transformer", width);
  expect_affine(shapes, "ln_final", width);
  shapes["logit_scale"] = {};
  if (has_modified_resnet(checkpoint)) {
    expect_modified_resnet(shapes, checkpoint, embedding_width);
  } else {
    expect_vision_transformer(shapes, checkpoint, embedding_width);
  }
  return shapes;
}

void check_architecture(const Checkpoint& checkpoint) {
  const Shapes shapes = expected_shapes(checkpoint);
  for (const auto& [name, shape] : shapes) {
    const Tensor& tensor = checkpoint.at(name);
    if (tensor.sizes() != at::IntArrayRef(shape)) {
      throw Error(fmt::format("tensor '{}' has the shape [{}]; its CLIP needs [{}]; {}", name,
                              fmt::join(tensor.sizes(), ", "), fmt::join(shape, ", "), kRemedy));
    }
    if (!tensor.is_floating_point())
      throw Error(fmt::format("tensor '{}' holds {} instead of floating point; {}", name,
                              c10::toString(tensor.scalar_type()), kRemedy));
  }
  for (const auto& [name, tensor] : checkpoint.tensors) {
    if (!shapes.contains(name))
      throw Error(fmt::format("tensor '{}' does not belong to a CLIP; {}", name, kRemedy));
  }
  check_sizes(checkpoint);
  check_heads("text", checkpoint.text_heads, checkpoint.at("text_projection").size(0));
  if (!has_modified_resnet(checkpoint))
    check_heads("image", checkpoint.vision_heads, checkpoint.at("visual.class_embedding").size(0));
}

std::string architecture_name(const Checkpoint& checkpoint) {
  return has_modified_resnet(checkpoint) ? resnet_name(checkpoint) : vision_transformer_name(checkpoint);
}

}  // namespace promptbed
