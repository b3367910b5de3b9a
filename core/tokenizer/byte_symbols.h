#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace promptbed {

inline constexpr int64_t kBytes = 256;

/// What the last symbol of a word ends in.
inline constexpr const char* kWordEnd = "</w>";

/// The bytes in the order of their tokens: those that Latin-1 prints come first.
std::array<uint8_t, kBytes> bytes_in_token_order();

/// How merges write bytes, in the order of their tokens: one visible character each, a printable byte as its
/// Latin-1 character and the others as the characters from U+0100 on.
std::vector<std::string> byte_symbols();

/// A word as byte-pair encoding starts on it: the symbols of its bytes, the last one marked as the word's
/// end.
///
///     "café"   ->   c | a | f | Ã | ©</w>
std::vector<std::string> spell_in_bytes(std::string_view word);

}  // namespace promptbed
