#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace promptbed::pocket {

/// What is written about a drawing; any of them may become part of its caption.
struct Pair {
  int64_t offset = 0;    ///< of its first byte in pictures.bin
  int64_t planes = 0;    ///< 1: alpha of a drawing without colours; 4: red, green, blue, alpha
  std::string name;      ///< "arrow left"
  std::string set;       ///< title of the icon set
  std::string category;  ///< empty where the set tells none
};

/// The drawings that tools/pocket/pairs.mjs wrote: `pairs.jsonl` and `pictures.bin`, which stays mapped.
class PairSet {
 public:
  static constexpr int64_t kSide = 64;  ///< pixels of a drawing's side

  /// Throws Error if a file is missing or damaged.
  explicit PairSet(const std::filesystem::path& folder);

  /// Only these pairs, in this order.
  PairSet only(std::span<const int64_t> which) const;

  int64_t size() const { return static_cast<int64_t>(pairs_.size()); }
  const Pair& operator[](int64_t index) const { return pairs_[static_cast<size_t>(index)]; }

  /// The drawing's planes [1 or 4, 64, 64], 0 to 255; a view of the mapped file.
  Tensor picture(int64_t index) const;

 private:
  PairSet(std::vector<Pair> pairs, Tensor bytes) : pairs_(std::move(pairs)), bytes_(std::move(bytes)) {}

  std::vector<Pair> pairs_;
  Tensor bytes_;
};

}  // namespace promptbed::pocket
