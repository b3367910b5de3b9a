#include "formats/matlab_file.h"

#include <fmt/format.h>
#include <promptbed/error.h>
#include <zlib.h>

#include <array>
#include <new>
#include <string_view>
#include <utility>

#include "base/input_file.h"
#include "formats/matlab_array.h"

namespace promptbed {
namespace {

using namespace std::string_view_literals;

constexpr size_t kHeader = 128;                       // bytes before the first variable
constexpr size_t kVersion = 124;                      // where the header says which format and byte order
constexpr std::string_view kLevel5 = "\x00\x01IM"sv;  // little-endian; what version 7.3 writes is HDF5
constexpr uint64_t kLongestFile = 64 << 20;           // the official ones have a few MiB
constexpr size_t kLongestVariable = 64 << 20;         // once it is unpacked

std::string unpacked(std::string_view packed) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) throw std::bad_alloc();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  std::array<char, 1 << 16> buffer;
  int state = Z_OK;
  while (state == Z_OK && text.size() <= kLongestVariable) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    state = inflate(&stream, Z_NO_FLUSH);
    text.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END) throw MatlabFault("cannot be unpacked");
  return text;
}

/// Turns a fault of `what` in a file into an Error.
template <class Action>
auto reading(const std::filesystem::path& path, std::string_view what, const Action& action) {
  try {
    return action();
  } catch (const MatlabFault& fault) {
    throw Error(fmt::format("{}: {} {}; put the original file there", path.string(), what, fault.what()));
  }
}

}  // namespace

MatlabFile::MatlabFile(std::filesystem::path path)
    : path_(std::move(path)), contents_(InputFile(path_).rest(kLongestFile)) {
  if (contents_.size() < kHeader || std::string_view(contents_).substr(kVersion, kLevel5.size()) != kLevel5)
    throw Error(
        fmt::format("{}: is not a MATLAB file of level 5; put the original file there", path_.string()));
}

template <class Use>
auto MatlabFile::use(const char* name, const Use& use) const {
  return reading(path_, fmt::format("'{}'", name), [&] {
    MatlabElements elements(std::string_view(contents_).substr(kHeader));
    while (!elements.at_end()) {
      MatlabElement element = elements.next();
      std::string unpacked_element;
      if (element.type == MatlabType::compressed) {
        unpacked_element = unpacked(element.bytes);
        element = MatlabElements(unpacked_element).next();
      }
      if (element.type != MatlabType::matrix) continue;
      const MatlabArray array(element);
      if (array.name() == name) return use(array);
    }
    throw MatlabFault("is missing");
  });
}

std::vector<int64_t> MatlabFile::integers(const char* variable) const {
  return use(variable, [](const MatlabArray& array) { return array.integers(); });
}

std::vector<std::string> MatlabFile::texts(const char* variable) const {
  return use(variable, [](const MatlabArray& array) {
    std::vector<std::string> texts;
    for (const MatlabArray& cell : array.cells()) texts.push_back(cell.text());
    if (texts.empty()) throw MatlabFault("is not a list of texts");
    return texts;
  });
}

std::vector<int64_t> MatlabFile::integers(const char* variable, const char* field) const {
  return use(variable, [&](const MatlabArray& array) {
    std::vector<int64_t> numbers;
    for (const MatlabArray& value : array.field(field)) {
      const std::vector<int64_t> one = value.integers();
      if (one.size() != 1) throw MatlabFault(fmt::format("has not one number '{}' in each element", field));
      numbers.push_back(one.front());
    }
    if (numbers.empty()) throw MatlabFault("is not a list of structures");
    return numbers;
  });
}

std::vector<std::string> MatlabFile::texts(const char* variable, const char* field) const {
  return use(variable, [&](const MatlabArray& array) {
    std::vector<std::string> texts;
    for (const MatlabArray& value : array.field(field)) texts.push_back(value.text());
    if (texts.empty()) throw MatlabFault("is not a list of structures");
    return texts;
  });
}

}  // namespace promptbed
