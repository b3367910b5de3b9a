#pragma once

#include <promptbed/export.h>
#include <promptbed/options.h>
#include <promptbed/task.h>

#include <string>
#include <vector>

/// What methods with learned tokens in the image tower share (VPT, arXiv 2203.12119).
namespace promptbed {

/// The option n_ctx_vision, tokens of a block, for a method's OptionSpec table.
constexpr OptionSpec image_token_option(const char* default_count) {
  return {"n_ctx_vision", OptionType::integer, default_count, "learned tokens a block of the image tower"};
}

/// The option depth_vision: blocks with tokens of their own, the first one's at the tower's input.
constexpr OptionSpec image_depth_option(const char* default_depth) {
  return {"depth_vision", OptionType::integer, default_depth,
          "blocks of the image tower with learned tokens of their own, at most those of the model"};
}

/// Throws Error if the model's image tower is a ResNet, which has no tokens.
PROMPTBED_EXPORT void check_image_tower(const Setting& setting);

/// Checks both options and limits the depth to the tower's blocks. Throws Error for less than one token or
/// block, and what check_image_tower() throws.
PROMPTBED_EXPORT void resolve_image_tokens(Options& options, const Setting& setting);

/// Learned tokens at the input of the image tower and where each further of its first blocks begins.
class PROMPTBED_EXPORT ImageTokens {
 public:
  ImageTokens() = default;

  /// depth times [count, W], drawn from N(0, 0.02) with the task's generator.
  ImageTokens(const Task& task, int64_t count, int64_t depth);

  /// What they put into the tower.
  ImagePrompts prompts() const;

  /// "image.0", "image.1", ..., by block.
  NamedTensors named() const;

 private:
  std::vector<Tensor> tokens_;  // by block
};

}  // namespace promptbed
