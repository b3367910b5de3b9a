#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace promptbed {

/// The generator behind Python 3's `random` module: the Mersenne Twister MT19937 of Matsumoto and Nishimura
/// (1998), seeded with an integer like `random.seed`. The same seed gives Python's numbers, draw by draw.
///
///     PythonRandom random(1);
///     random.sample(10, 3)   // {2, 1, 4}: random.seed(1); random.sample(range(10), 3)
class PythonRandom {
 public:
  /// `random.seed(seed)`; like Python, it takes the absolute value.
  explicit PythonRandom(int64_t seed);

  /// `random.getrandbits(bits)`, for 1 to 32 bits.
  uint32_t bits(int bits);

  /// `random.randrange(limit)`; limit is at least 1 and below 2^32.
  uint32_t below(uint32_t limit);

  /// `random.sample(range(size), count)`: distinct places in the order drawn; count is at most size.
  std::vector<size_t> sample(size_t size, size_t count);

  /// The order that `random.shuffle(list(range(size)))` leaves; size is below 2^32.
  std::vector<size_t> shuffled(size_t size);

 private:
  static constexpr size_t kWords = 624;

  void seed_by_number(uint32_t seed);
  void seed_by_words(std::span<const uint32_t> key);
  void refill();
  uint32_t next();

  std::array<uint32_t, kWords> state_{};
  size_t used_ = kWords;  ///< words of state_ already returned
};

}  // namespace promptbed
