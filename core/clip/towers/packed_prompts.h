#pragma once

#include <promptbed/text_encoder.h>

#include <cstdint>
#include <span>
#include <vector>

namespace promptbed {

/// Consecutive classes of a PromptBatch that are encoded together, as R rows without padding: the P rows of
/// the prefix, then the classes' suffixes. Each row sees the prefix and its own suffix up to itself. Suffixes
/// that begin with the same constant embeddings ("2012 Audi ...") share its rows, whose values are equal, so
/// that rows form a tree.
struct PackedPrompts {
  int64_t prefix = 0;  ///< P
  Tensor token;        ///< [R - P] int64: what each row behind the prefix is taken from, by its index in the
                       ///< batch's packed suffix or, in a layout of entered(), among rows and tokens
  Tensor position;     ///< [R] int64 position of each row in its prompt
  Tensor every_row;    ///< [R] int64: 0, 1, ...
  Tensor last_row;     ///< [K] int64 row of each class's EOS

  std::vector<int64_t> ends;  ///< last_row, on the CPU

  /// The rows that row r sees, itself last: `seen` from first_seen[r] to first_seen[r + 1].
  std::vector<int32_t> seen, first_seen;

  int64_t rows() const { return position.size(0); }
  int64_t classes() const { return last_row.size(0); }

  std::span<const int32_t> seen_by(int64_t r) const {
    return std::span(seen).subspan(first_seen[r], first_seen[r + 1] - first_seen[r]);
  }

  /// [R, R] on the device of `position`: 0 if a row sees a column, minus infinity otherwise. Made anew,
  /// unless it is kept.
  Tensor mask() const;
  Tensor kept_mask = {};
};

/// All classes, in order, in groups of about 256 rows each (more for a long prefix, which every group
/// repeats).
std::vector<PackedPrompts> pack_prompts(const PromptBatch& prompts);

/// The rows of a group once tokens have entered: row i is a row from before (token[i] < R) or token
/// token[i] - R of the group's tokens [n, W] or [K, n, W], one after the other. It has no prefix: classes
/// share the rows that are equal. Throws Error if tokens would replace an EOS.
PackedPrompts entered(const PackedPrompts& before, const BlockTokens& deep);

}  // namespace promptbed
