#include "tokenizer/byte_symbols.h"

#include <unicode/unistr.h>

#include <algorithm>
#include <functional>

namespace promptbed {

std::array<uint8_t, kBytes> bytes_in_token_order() {
  const auto printable = [](int byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xFF && byte != 0xAD);
  };
  std::array<uint8_t, kBytes> bytes;
  for (int byte = 0; byte < kBytes; ++byte) bytes[byte] = static_cast<uint8_t>(byte);
  std::stable_partition(bytes.begin(), bytes.end(), printable);
  return bytes;
}

std::vector<std::string> byte_symbols() {
  std::vector<std::string> symbols;
  char16_t next = 0x100;
  const std::array<uint8_t, kBytes> bytes = bytes_in_token_order();
  const auto others =
      std::adjacent_find(bytes.begin(), bytes.end(), std::greater<>());  // where the order restarts
  for (auto byte = bytes.begin(); byte != bytes.end(); ++byte) {
    const char16_t character = byte <= others ? char16_t{*byte} : next++;
    icu::UnicodeString(character).toUTF8String(symbols.emplace_back());
  }
  return symbols;
}

std::vector<std::string> spell_in_bytes(std::string_view word) {
  static const std::array<std::string, kBytes> symbol_of_byte = [] {
    std::array<std::string, kBytes> by_byte;
    const auto bytes = bytes_in_token_order();
    const auto symbols = byte_symbols();
    for (int64_t n = 0; n < kBytes; ++n) by_byte[bytes[n]] = symbols[n];
    return by_byte;
  }();
  std::vector<std::string> symbols;
  for (const char byte : word) symbols.push_back(symbol_of_byte[static_cast<uint8_t>(byte)]);
  if (!symbols.empty()) symbols.back() += kWordEnd;
  return symbols;
}

}  // namespace promptbed
