#include "data/draws/python_random.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <unordered_set>

namespace promptbed {
namespace {

/// With up to this many picks, Python's sample reckons with its smallest hash table.
constexpr size_t kSmallSample = 5;
constexpr size_t kSmallSetSize = 21;

/// Python samples from a copy of the population if that is no larger than a hash set of the picks: a table
/// whose size is the next power of four above three times their number.
size_t set_size(size_t count) {
  if (count <= kSmallSample) return kSmallSetSize;
  size_t table = 4;
  while (table < 3 * count) table *= 4;
  return kSmallSetSize + table;
}

}  // namespace

PythonRandom::PythonRandom(int64_t seed) {
  const uint64_t magnitude = seed < 0 ? 0 - static_cast<uint64_t>(seed) : static_cast<uint64_t>(seed);
  const std::array<uint32_t, 2> words = {static_cast<uint32_t>(magnitude),
                                         static_cast<uint32_t>(magnitude >> 32)};
  seed_by_words(std::span(words).first(words[1] == 0 ? 1 : 2));
}

uint32_t PythonRandom::bits(int bits) {
  return next() >> (32 - bits);
}

uint32_t PythonRandom::below(uint32_t limit) {
  const int width = std::bit_width(limit);
  uint32_t number = bits(width);
  while (number >= limit) number = bits(width);
  return number;
}

std::vector<size_t> PythonRandom::sample(size_t size, size_t count) {
  std::vector<size_t> picks(count);
  if (size <= set_size(count)) {
    std::vector<size_t> pool(size);
    std::iota(pool.begin(), pool.end(), size_t{0});
    for (size_t& pick : picks) {
      const size_t place = below(static_cast<uint32_t>(pool.size()));
      pick = pool[place];
      pool[place] = pool.back();
      pool.pop_back();
    }
  } else {
    std::unordered_set<size_t> taken;
    for (size_t& pick : picks) {
      do {
        pick = below(static_cast<uint32_t>(size));
      } while (!taken.insert(pick).second);
    }
  }
  return picks;
}

void PythonRandom::seed_by_number(uint32_t seed) {
  state_[0] = seed;
  for (uint32_t i = 1; i < kWords; ++i) state_[i] = 1812433253U * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
}

void PythonRandom::seed_by_words(std::span<const uint32_t> key) {
  seed_by_number(19650218U);
  size_t i = 1;
  const auto advance = [&] {
    if (++i == kWords) {
      state_[0] = state_[kWords - 1];
      i = 1;
    }
  };
  const auto mixed = [&](uint32_t factor) {
    return state_[i] ^ ((state_[i - 1] ^ (state_[i - 1] >> 30)) * factor);
  };
  for (size_t step = 0; step < std::max(kWords, key.size()); ++step) {
    const size_t word = step % key.size();
    state_[i] = mixed(1664525U) + key[word] + static_cast<uint32_t>(word);
    advance();
  }
  for (size_t step = 0; step < kWords - 1; ++step) {
    state_[i] = mixed(1566083941U) - static_cast<uint32_t>(i);
    advance();
  }
  state_[0] = 0x80000000U;
  used_ = kWords;
}

std::vector<size_t> PythonRandom::shuffled(size_t size) {
  std::vector<size_t> order(size);
  std::iota(order.begin(), order.end(), size_t{0});
  for (size_t last = size; last-- > 1;) std::swap(order[last], order[below(static_cast<uint32_t>(last + 1))]);
  return order;
}

void PythonRandom::refill() {
  constexpr size_t kShift = 397;
  for (size_t i = 0; i < kWords; ++i) {
    const uint32_t joined = (state_[i] & 0x80000000U) | (state_[(i + 1) % kWords] & 0x7fffffffU);
    state_[i] = state_[(i + kShift) % kWords] ^ (joined >> 1) ^ ((joined & 1U) != 0 ? 0x9908b0dfU : 0U);
  }
  used_ = 0;
}

uint32_t PythonRandom::next() {
  if (used_ == kWords) refill();
  uint32_t word = state_[used_++];
  word ^= word >> 11;
  word ^= (word << 7) & 0x9d2c5680U;
  word ^= (word << 15) & 0xefc60000U;
  return word ^ (word >> 18);
}

}  // namespace promptbed
