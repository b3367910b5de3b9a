#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace promptbed {

/// Consecutive classes of a PromptBatch that go through the tower together, as R rows without padding: the P
/// rows of the prefix, then the classes' suffixes end to end. A mask lets each row see the prefix and what
/// stands before it in its own suffix. Scores between classes are computed in vain, which costs less than
/// padding and small products as long as R is a few hundred; hence the groups.
struct PackedPrompts {
  int64_t first_token = 0;  ///< of the classes, in the batch's packed suffix
  int64_t tokens = 0;       ///< of all their suffixes
  Tensor position;          ///< [R] int64 place of each row in its prompt
  Tensor mask;              ///< [R, R] 0 where a row sees a column, else minus infinity
  Tensor last_row;          ///< [K] int64 row of each class's EOS
  Tensor last_mask;         ///< [K, R] the mask of those rows

  int64_t rows() const { return position.size(0); }
};

/// All classes, in their order, in as few groups as have about 256 rows each (more for a long prefix, which
/// every group repeats).
std::vector<PackedPrompts> pack_prompts(int64_t prefix, std::span<const int64_t> suffix_lengths,
                                        torch::Device device);

}  // namespace promptbed
