#pragma once

#include <promptbed/export.h>
#include <promptbed/tensor.h>
#include <promptbed/tower.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace promptbed {

/// What a method puts into the image tower.
struct ImagePrompts {
  Tensor tokens = {};  ///< [n, W], behind CLS at the input, without positions; may be undefined
  std::vector<BlockTokens> deep = {};  ///< by ascending blocks; tokens that are not replaced go on
  TowerChanges changes = {};           ///< inside blocks
};

/// CLIP's frozen image tower. Attention does not know the order of tokens, so that tokens behind CLS are what
/// other code appends after the patches.
///
/// All of it is differentiable in what a method puts in; the tower's own weights never receive gradients.
/// What concerns single tokens and blocks needs a vision transformer, and throws Error for a ResNet.
class PROMPTBED_EXPORT ImageEncoder {
 public:
  virtual ~ImageEncoder() = default;

  /// Image features [B, D] in f32, not normalised, of normalised pixels [B, 3, R, R].
  virtual Tensor encode(const Tensor& pixels) const = 0;

  /// The same with prompts. Throws Error for tokens or changes of another shape, or of a block that is not
  /// there.
  Tensor encode(const Tensor& pixels, const ImagePrompts& prompts) const;

  /// Block by block, for methods that read out other tokens, or do more on the way:
  ///
  ///     x = encoder.embed(pixels);                   // [B, L, W]: CLS and patches
  ///     x = encoder.run(x, 0, encoder.blocks());     // all blocks
  ///     features = encoder.project(encoder.normed(x.select(1, 0)));
  /// @{

  /// [B, L, W] at the entry of block 0: CLS, the tokens [n, W] if there are any, and the patches.
  virtual Tensor embed(const Tensor& pixels, const Tensor& tokens = {}) const;

  /// Through blocks `begin` to `end` - 1: [B, L, W] -> [B, L, W], or [B, rows, W] if only the first `rows`
  /// tokens are wanted. Throws Error for blocks or rows that are not there, and for changes that do not fit.
  virtual Tensor run(const Tensor& x, int64_t begin, int64_t end, const TowerChanges& changes = {},
                     std::optional<int64_t> rows = {}) const;

  /// The tower's last layer norm of rows [.., W].
  virtual Tensor normed(const Tensor& x) const;

  /// [.., W] -> [.., D]
  virtual Tensor project(const Tensor& x) const;

  /// @}

  virtual int64_t resolution() const = 0;       ///< R
  virtual int64_t embedding_width() const = 0;  ///< D
  virtual int64_t width() const { return 0; }   ///< W; 0 for a ResNet
  virtual int64_t blocks() const { return 0; }  ///< residual attention blocks; 0 for a ResNet
};

/// Sequences [B, L, W] with the tokens of a block, [n, W] or [B, n, W]: they replace tokens 1 to n, or come
/// behind token 0. Throws Error if there are not as many to replace.
PROMPTBED_EXPORT Tensor with_tokens(const Tensor& x, const BlockTokens& deep);

}  // namespace promptbed
