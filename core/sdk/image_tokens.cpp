#include <fmt/format.h>
#include <promptbed/context.h>
#include <promptbed/error.h>
#include <promptbed/image_tokens.h>

#include <algorithm>

namespace promptbed {
namespace {

/// Far more than anybody learns; what is beyond would fill the memory.
constexpr int64_t kMostTokens = 1000;

}  // namespace

void check_image_tower(const Setting& setting) {
  if (setting.image_blocks == 0) {
    throw Error(
        "needs a vision transformer, and the model's image tower is a ResNet; give another model with "
        "--model");
  }
}

void resolve_image_tokens(Options& options, const Setting& setting) {
  check_image_tower(setting);
  for (const char* name : {"n_ctx_vision", "depth_vision"}) {
    if (options.integer(name) < 1 || options.integer(name) > kMostTokens)
      throw Error(fmt::format("{} {}: give 1 to {}", name, options.integer(name), kMostTokens));
  }
  options.set("depth_vision", OptionValue(std::min(options.integer("depth_vision"), setting.image_blocks)));
}

ImageTokens::ImageTokens(const Task& task, int64_t count, int64_t depth) {
  for (int64_t block = 0; block < depth; ++block)
    tokens_.push_back(initial_tokens(task, count, task.image_encoder->width()));
}

ImagePrompts ImageTokens::prompts() const {
  ImagePrompts prompts{.tokens = tokens_.front()};
  for (size_t block = 1; block < tokens_.size(); ++block)
    prompts.deep.push_back({static_cast<int64_t>(block), tokens_[block]});
  return prompts;
}

NamedTensors ImageTokens::named() const {
  NamedTensors tensors;
  for (size_t block = 0; block < tokens_.size(); ++block)
    tensors.emplace_back(fmt::format("image.{}", block), tokens_[block]);
  return tensors;
}

}  // namespace promptbed
