#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

namespace promptbed::test {

/// Damages bytes as an attacker or a disk might: by bits, by numbers at the edge of their range, by parts
/// that are missing, doubled or swapped. The same seed gives the same damage.
class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  /// The bytes with one to four damages.
  std::string damaged(std::string bytes) {
    for (size_t damages = 1 + below(4); damages > 0 && !bytes.empty(); --damages) damage(bytes);
    return bytes;
  }

 private:
  size_t below(size_t limit) { return random_() % std::max<size_t>(limit, 1); }

  void damage(std::string& bytes) {
    const size_t place = below(bytes.size());
    const size_t length = std::min(bytes.size() - place, size_t{1} << below(8));
    switch (below(6)) {
      case 0:
        bytes[place] = static_cast<char>(bytes[place] ^ (1 << below(8)));
        break;
      case 1:  // a number at the edge
        std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(place), std::min<size_t>(length, 8),
                    below(2) == 0 ? '\xff' : '\0');
        break;
      case 2:
        bytes[place] = static_cast<char>(below(256));
        break;
      case 3:
        bytes.erase(place, length);
        break;
      case 4:
        bytes.insert(place, bytes.substr(place, length));
        break;
      default:
        bytes.resize(place);
    }
  }

  std::mt19937 random_;
};

/// How many mutations a test makes: the environment's PROMPTBED_MUTATIONS, or 300.
inline uint32_t mutation_count() {
  const char* count = std::getenv("PROMPTBED_MUTATIONS");
  return count == nullptr ? 300 : static_cast<uint32_t>(std::strtoul(count, nullptr, 10));
}

}  // namespace promptbed::test
