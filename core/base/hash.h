#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace promptbed {

/// A 128-bit XXH3 hash, fed piece by piece. Fast and well mixed, but not cryptographic.
///
///     Hasher().add("split").add(bytes).hex()   // 32 hexadecimal digits
class Hasher {
 public:
  Hasher();
  ~Hasher();

  /// Adds raw bytes. How they are divided between calls does not matter.
  Hasher& add(std::span<const std::byte> bytes);

  /// Adds a text with its length, so that {"ab", "c"} and {"a", "bc"} differ.
  Hasher& add(std::string_view text);

  Hasher& add(int64_t number);

  std::string hex() const;
  uint64_t low64() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The hash of a file's bytes. Throws Error if it cannot be read.
std::string hash_file(const std::filesystem::path& path);

}  // namespace promptbed
