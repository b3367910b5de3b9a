#include "formats/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace promptbed {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the files' numbers are little-endian, as this machine's");

constexpr size_t kValuesAlignment = 64;  // of the values in the file

/// "(2, 3)", "(2,)", "()": a tuple as Python writes it.
std::string tuple(const std::vector<int64_t>& shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) text += fmt::format("{}{}", i > 0 ? ", " : "", shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

/// What comes before the values: magic, version, length and a dictionary, padded.
std::string header(const std::string& type, const std::vector<int64_t>& shape) {
  std::string dictionary =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", type, tuple(shape));
  constexpr size_t kBefore = 10;  // bytes in front of the dictionary
  const size_t used = kBefore + dictionary.size() + 1;
  dictionary.append((kValuesAlignment - used % kValuesAlignment) % kValuesAlignment, ' ');
  dictionary += '\n';
  const auto length = static_cast<uint16_t>(dictionary.size());
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(length & 0xff);
  bytes += static_cast<char>(length >> 8);
  return bytes + dictionary;
}

template <class Value>
std::string with_values(std::string bytes, std::span<const Value> values) {
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return bytes;
}

/// The code points of a UTF-8 text.
std::u32string code_points(const std::string& text) {
  constexpr char32_t kReplacement = 0xfffd;
  std::u32string points;
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const size_t more = first < 0x80   ? 0
                        : first < 0xc2 ? 4
                        : first < 0xe0 ? 1
                        : first < 0xf0 ? 2
                        : first < 0xf5 ? 3
                                       : 4;
    bool is_good = more < 4 && i + more < text.size();
    char32_t point = more == 0 ? first : first & (0x3fU >> more);
    for (size_t k = 1; is_good && k <= more; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      is_good = (next & 0xc0) == 0x80;
      point = point << 6 | (next & 0x3fU);
    }
    points += is_good ? point : kReplacement;
    i += is_good ? 1 + more : 1;
  }
  return points;
}

}  // namespace

std::string npy_of(std::span<const float> values, const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const int64_t length : shape) count *= length;
  if (count != static_cast<int64_t>(values.size()))
    throw std::logic_error(fmt::format("{} values in an array of shape {}", values.size(), tuple(shape)));
  return with_values(header("<f4", shape), values);
}

std::string npy_of(std::span<const int64_t> values) {
  return with_values(header("<i8", {static_cast<int64_t>(values.size())}), values);
}

std::string npy_of(const std::vector<std::string>& texts) {
  std::vector<std::u32string> all;
  size_t longest = 1;  // NumPy has no type of empty texts
  for (const std::string& text : texts) {
    all.push_back(code_points(text));
    longest = std::max(longest, all.back().size());
  }
  std::string bytes = header(fmt::format("<U{}", longest), {static_cast<int64_t>(texts.size())});
  for (std::u32string& points : all) {
    points.resize(longest);  // NumPy pads with zeros
    bytes = with_values(std::move(bytes), std::span<const char32_t>(points));
  }
  return bytes;
}

}  // namespace promptbed
