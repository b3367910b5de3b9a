#include "formats/matlab_array.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace promptbed {
namespace {

constexpr size_t kTag = 8;               // bytes of an element's type and length
constexpr size_t kSmallTag = 4;          // and of an element of at most four bytes
constexpr size_t kElementAlignment = 8;  // of elements that are not compressed
constexpr uint32_t kComplex = 0x800;     // a flag of an array
constexpr uint32_t kClass = 0xff;        // the bits of the flags that are the array's class
constexpr double kMostExact =
    1LL << std::numeric_limits<double>::digits;  // whole numbers up to here are exact

template <class Number>
Number number_at(std::string_view bytes, size_t place) {
  if (place > bytes.size() || bytes.size() - place < sizeof(Number)) throw MatlabFault("is cut short");
  Number number;
  std::memcpy(&number, bytes.data() + place, sizeof(Number));
  return number;
}

/// All numbers of an element. Throws MatlabFault for one that is not whole or too large.
template <class Number>
std::vector<int64_t> whole_numbers(std::string_view bytes) {
  std::vector<int64_t> numbers;
  for (size_t place = 0; place < bytes.size(); place += sizeof(Number)) {
    const auto number = number_at<Number>(bytes, place);
    if constexpr (std::is_floating_point_v<Number>) {
      if (!(std::abs(number) <= kMostExact) || number != std::trunc(number))
        throw MatlabFault("has a number that is not whole");
    } else if constexpr (std::is_same_v<Number, uint64_t>) {
      if (number > std::numeric_limits<int64_t>::max()) throw MatlabFault("has a number out of range");
    }
    numbers.push_back(static_cast<int64_t>(number));
  }
  return numbers;
}

std::vector<int64_t> whole_numbers(const MatlabElement& element) {
  switch (element.type) {
    case MatlabType::int8:
      return whole_numbers<int8_t>(element.bytes);
    case MatlabType::uint8:
      return whole_numbers<uint8_t>(element.bytes);
    case MatlabType::int16:
      return whole_numbers<int16_t>(element.bytes);
    case MatlabType::uint16:
      return whole_numbers<uint16_t>(element.bytes);
    case MatlabType::int32:
      return whole_numbers<int32_t>(element.bytes);
    case MatlabType::uint32:
      return whole_numbers<uint32_t>(element.bytes);
    case MatlabType::real32:
      return whole_numbers<float>(element.bytes);
    case MatlabType::real64:
      return whole_numbers<double>(element.bytes);
    case MatlabType::int64:
      return whole_numbers<int64_t>(element.bytes);
    case MatlabType::uint64:
      return whole_numbers<uint64_t>(element.bytes);
    default:
      throw MatlabFault("is not numeric");
  }
}

/// The product of an array's sizes.
uint64_t product(const std::vector<int64_t>& sizes) {
  int64_t count = 1;
  for (const int64_t size : sizes) {
    if (size < 0 || __builtin_mul_overflow(count, size, &count)) throw MatlabFault("has impossible sizes");
  }
  return static_cast<uint64_t>(count);
}

/// Letters of 16 bits. The names in these files are ASCII.
std::string narrowed(std::string_view bytes) {
  std::string text;
  for (size_t place = 0; place < bytes.size(); place += sizeof(char16_t)) {
    const auto letter = number_at<char16_t>(bytes, place);
    if (letter > 0x7f) throw MatlabFault("has a letter that is not ASCII");
    text.push_back(static_cast<char>(letter));
  }
  return text;
}

/// The arrays among the next elements, which there must be `count` of. Their number is not believed before
/// they are seen.
std::vector<MatlabArray> next_arrays(MatlabElements& elements, uint64_t count) {
  std::vector<MatlabArray> arrays;
  while (arrays.size() < count) arrays.emplace_back(elements.next());
  return arrays;
}

}  // namespace

MatlabElement MatlabElements::next() {
  const auto tag = number_at<uint32_t>(rest_, 0);
  const uint32_t small_length = tag >> 16;
  const size_t begin = small_length > 0 ? kSmallTag : kTag;
  const auto type = static_cast<MatlabType>(small_length > 0 ? tag & 0xffff : tag);
  const size_t length = small_length > 0 ? small_length : number_at<uint32_t>(rest_, kSmallTag);
  if (small_length > kTag - kSmallTag || rest_.size() < begin || length > rest_.size() - begin)
    throw MatlabFault("is cut short");
  const MatlabElement element{type, rest_.substr(begin, length)};
  size_t end = small_length > 0 ? kTag : begin + length;
  if (type != MatlabType::compressed)
    end = (end + kElementAlignment - 1) / kElementAlignment * kElementAlignment;
  rest_.remove_prefix(std::min(end, rest_.size()));
  return element;
}

std::string_view MatlabElements::next(MatlabType type) {
  const MatlabElement element = next();
  if (element.type != type) throw MatlabFault("is damaged");
  return element.bytes;
}

MatlabArray::MatlabArray(const MatlabElement& element) {
  if (element.type != MatlabType::matrix) throw MatlabFault("is not an array");
  MatlabElements parts(element.bytes);
  if (parts.at_end()) return;  // an empty array: a cell without contents
  const auto flags = number_at<uint32_t>(parts.next(MatlabType::uint32), 0);
  class_ = static_cast<MatlabClass>(flags & kClass);
  is_complex_ = (flags & kComplex) != 0;
  count_ = product(whole_numbers<int32_t>(parts.next(MatlabType::int32)));
  name_ = parts.next(MatlabType::int8);
  contents_ = parts;
}

std::vector<int64_t> MatlabArray::integers() const {
  if (class_ < MatlabClass::real64 || class_ > MatlabClass::uint64) throw MatlabFault("is not numeric");
  if (is_complex_) throw MatlabFault("is complex");
  MatlabElements contents = contents_;
  std::vector<int64_t> numbers = whole_numbers(contents.next());
  if (numbers.size() != count_) throw MatlabFault("has another number of values than its sizes say");
  return numbers;
}

std::string MatlabArray::text() const {
  if (class_ != MatlabClass::text) throw MatlabFault("is not a text");
  if (count_ == 0) return "";
  MatlabElements contents = contents_;
  const MatlabElement letters = contents.next();
  switch (letters.type) {
    case MatlabType::int8:
    case MatlabType::uint8:
    case MatlabType::utf8:
      return std::string(letters.bytes);
    case MatlabType::uint16:
    case MatlabType::utf16:
      return narrowed(letters.bytes);
    default:
      throw MatlabFault("is not a text");
  }
}

std::vector<MatlabArray> MatlabArray::cells() const {
  if (class_ != MatlabClass::cells) return {};
  MatlabElements contents = contents_;
  return next_arrays(contents, count_);
}

std::vector<MatlabArray> MatlabArray::field(std::string_view name) const {
  if (class_ != MatlabClass::structs) return {};
  MatlabElements contents = contents_;
  // The names, each padded with zeros to the same length.
  const auto length = number_at<int32_t>(contents.next(MatlabType::int32), 0);
  const std::string_view names = contents.next(MatlabType::int8);
  if (length <= 0) throw MatlabFault("is damaged");
  const auto stride = static_cast<size_t>(length);
  const size_t fields = names.size() / stride;
  size_t wanted = 0;
  const auto name_at = [&](size_t i) {
    const std::string_view padded = names.substr(i * stride, stride);
    return padded.substr(0, padded.find('\0'));
  };
  while (wanted < fields && name_at(wanted) != name) ++wanted;
  if (wanted == fields) throw MatlabFault("has no such field");
  // One structure follows another, each with all its fields.
  std::vector<MatlabArray> values;
  while (values.size() < count_) values.push_back(next_arrays(contents, fields)[wanted]);
  return values;
}

}  // namespace promptbed
