#pragma once

#include <promptbed/export.h>
#include <promptbed/tensor.h>
#include <promptbed/tokenizer.h>
#include <promptbed/tower.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace promptbed {

/// Prompts of K classes that share their first P token embeddings.
///
///     [SOS] v1 .. vM | name . [EOS]          prefix | suffix
///
/// Pass token embeddings or learned vectors without positions: the encoder adds those.
struct PromptBatch {
  Tensor prefix;                        ///< [B, P, W]; B = 1 if not conditioned on the image
  Tensor suffix;                        ///< [S, W], or [B, S, W]: the K suffixes packed, no padding
  std::vector<int64_t> suffix_lengths;  ///< K entries summing to S; the last token of each is EOS
  std::vector<BlockTokens> deep = {};   ///< by ascending blocks; tokens that are not replaced go on
  TowerChanges changes = {};            ///< inside blocks
};

/// CLIP's frozen text tower.
class PROMPTBED_EXPORT TextEncoder {
 public:
  virtual ~TextEncoder() = default;

  /// Text features [B, K, D] at each prompt's last token, not normalised. Differentiable in prefix, suffix,
  /// deep tokens and changes; the tower's own weights never receive gradients. Work on the prefix is shared
  /// by the classes up to the first block at which each class gets tokens of its own. Throws Error if a
  /// prompt is too long, for deep tokens and changes of another shape or of a block that is not there, and
  /// for tokens in the place of a prompt's EOS.
  virtual Tensor encode(const PromptBatch& prompts) const = 0;

  /// Token embeddings [n, W] in f32, on the encoder's device.
  virtual Tensor embed(std::span<const int64_t> tokens) const = 0;

  virtual int64_t context_length() const = 0;   ///< most tokens of a prompt, start and end included
  virtual int64_t width() const = 0;            ///< W
  virtual int64_t embedding_width() const = 0;  ///< D
  virtual int64_t blocks() const = 0;           ///< residual attention blocks of the tower
};

/// Prompts of whole sentences, of which nothing is learned. Throws Error, naming the text, if one is too
/// long.
PROMPTBED_EXPORT PromptBatch prompts_of_texts(const TextEncoder& encoder, const Tokenizer& tokenizer,
                                              std::span<const std::string> texts);

/// Text features [K, D] of whole sentences, not normalised. Throws the same.
PROMPTBED_EXPORT Tensor encode_texts(const TextEncoder& encoder, const Tokenizer& tokenizer,
                                     std::span<const std::string> texts);

}  // namespace promptbed
