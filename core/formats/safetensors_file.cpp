#include "formats/safetensors_file.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <tuple>
#include <utility>

#include "base/files.h"
#include "base/json.h"

/// The format: eight bytes with the header's length (little-endian), the header as JSON, the tensors' bytes.
namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kHeaderAlignment = 8;          // of the data, by padding the header with spaces
constexpr uint64_t kLongestHeader = 100'000'000;  // the limit of the format's own library
constexpr const char* kCopyAgain = "copy or download it again";

struct ElementType {
  std::string_view name;
  int64_t bytes;
};

constexpr std::array<ElementType, 10> kTypes = {{{"F64", 8},
                                                 {"F32", 4},
                                                 {"F16", 2},
                                                 {"BF16", 2},
                                                 {"I64", 8},
                                                 {"I32", 4},
                                                 {"I16", 2},
                                                 {"I8", 1},
                                                 {"U8", 1},
                                                 {"BOOL", 1}}};

/// One tensor as the header describes it.
struct Entry {
  std::string name;
  ElementType type;
  std::vector<int64_t> shape;
  uint64_t begin = 0;  // bytes from the end of the header
  uint64_t end = 0;
};

[[noreturn]] void reject_safetensors(const fs::path& path, std::string_view fault) {
  throw Error(fmt::format("{}: is damaged ({}); {}", path.string(), fault, kCopyAgain));
}

ElementType type_named(const fs::path& path, const std::string& tensor, const std::string& name) {
  const auto* found = std::ranges::find(kTypes, name, &ElementType::name);
  if (found == kTypes.end()) {
    throw Error(
        fmt::format("{}: tensor '{}' has the type '{}', which LibTorch lacks; convert it to F32, F16 or BF16",
                    path.string(), tensor, name));
  }
  return *found;
}

/// Bytes of a tensor of that shape; a size that does not fit 63 bits is a fault of the file.
uint64_t byte_count(const fs::path& path, const Entry& entry) {
  int64_t bytes = entry.type.bytes;
  for (const int64_t extent : entry.shape) {
    if (extent < 0 || __builtin_mul_overflow(bytes, extent, &bytes))
      reject_safetensors(path, fmt::format("impossible shape of tensor '{}'", entry.name));
  }
  return static_cast<uint64_t>(bytes);
}

/// A list of whole numbers, 0 or more; nothing if this is something else, such as 2.0 or -1.
std::optional<std::vector<int64_t>> counts_in(const nlohmann::json& list) {
  if (!list.is_array()) return std::nullopt;
  std::vector<int64_t> counts;
  for (const nlohmann::json& entry : list) {
    const std::optional<int64_t> count = whole_number(entry);
    if (!count || *count < 0) return std::nullopt;
    counts.push_back(*count);
  }
  return counts;
}

Entry read_entry(const fs::path& path, const std::string& name, const nlohmann::json& description) {
  try {
    const ElementType type = type_named(path, name, description.at("dtype").get<std::string>());
    auto shape = counts_in(description.at("shape"));
    const auto offsets = counts_in(description.at("data_offsets"));
    if (!shape || !offsets || offsets->size() != 2)
      reject_safetensors(path,
                         fmt::format("shape and data_offsets of tensor '{}' must be whole numbers", name));
    return {.name = name,
            .type = type,
            .shape = *std::move(shape),
            .begin = static_cast<uint64_t>(offsets->front()),
            .end = static_cast<uint64_t>(offsets->back())};
  } catch (const nlohmann::json::exception&) {
    reject_safetensors(path, fmt::format("no dtype, shape and data_offsets for tensor '{}'", name));
  }
}

/// The tensors have to fill the data without gaps and overlaps, each with the bytes that its shape asks for.
void check_layout(const fs::path& path, std::vector<Entry>& entries, uint64_t data_bytes) {
  std::ranges::sort(entries, {}, [](const Entry& entry) { return std::tie(entry.begin, entry.end); });
  uint64_t filled = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != filled || entry.end < entry.begin)
      reject_safetensors(path, fmt::format("tensor '{}' overlaps another or leaves a gap", entry.name));
    if (entry.end - entry.begin != byte_count(path, entry))
      reject_safetensors(path, fmt::format("tensor '{}' has {} bytes where its shape asks for {}", entry.name,
                                           entry.end - entry.begin, byte_count(path, entry)));
    filled = entry.end;
  }
  if (filled != data_bytes)
    reject_safetensors(path,
                       fmt::format("{} bytes of tensors where the header announces {}", data_bytes, filled));
}

/// The header's JSON, and where the data begin.
std::pair<nlohmann::json, uint64_t> read_header(const fs::path& path, std::span<const std::byte> file) {
  if (file.size() < kLengthBytes) reject_safetensors(path, "shorter than a header");
  uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  if (length > kLongestHeader || length > file.size() - kLengthBytes)
    reject_safetensors(path, fmt::format("a header of {} bytes in a file of {}", length, file.size()));
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + kLengthBytes, length);
  nlohmann::json header = parse_json(text, path.string() + ": the header", RepeatedKeys::refused);
  if (!header.is_object()) reject_safetensors(path, "the header is no JSON object");
  return {std::move(header), kLengthBytes + length};
}

TensorTexts read_texts(const fs::path& path, const nlohmann::json& metadata) {
  if (!metadata.is_object()) reject_safetensors(path, "metadata that are no texts");
  TensorTexts texts;
  for (const auto& [key, text] : metadata.items()) {
    if (!text.is_string()) reject_safetensors(path, "metadata that are no texts");
    texts[key] = text.get<std::string>();
  }
  return texts;
}

std::string header_of(std::span<const TensorBytes> tensors, const TensorTexts& texts) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!texts.empty()) header[kSafetensorsMetadata] = texts;
  uint64_t offset = 0;
  for (const TensorBytes& tensor : tensors) {
    const uint64_t end = offset + tensor.bytes.size();
    header[tensor.name] = {{"dtype", tensor.type}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.append((kHeaderAlignment - text.size() % kHeaderAlignment) % kHeaderAlignment, ' ');
  return text;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const fs::path& path) : mapping_(std::make_shared<MappedBytes>(path)) {
  const std::span<const std::byte> file = mapping_->bytes();
  const auto [header, data_begin] = read_header(path, file);
  std::vector<Entry> entries;
  for (const auto& [name, description] : header.items()) {
    if (name == kSafetensorsMetadata) {
      texts_ = read_texts(path, description);
    } else {
      entries.push_back(read_entry(path, name, description));
    }
  }
  const std::span<const std::byte> data = file.subspan(data_begin);
  check_layout(path, entries, data.size());
  for (Entry& entry : entries) {
    tensors_.push_back({.name = std::move(entry.name),
                        .type = entry.type.name,
                        .shape = std::move(entry.shape),
                        .bytes = data.subspan(entry.begin, entry.end - entry.begin)});
  }
}

void write_safetensors_file(const fs::path& path, std::span<const TensorBytes> tensors,
                            const TensorTexts& texts) {
  const std::string header = header_of(tensors, texts);
  write_atomically(path, [&](const fs::path& temporary) {
    std::ofstream out(temporary, std::ios::binary);
    const uint64_t length = header.size();
    out.write(reinterpret_cast<const char*>(&length), kLengthBytes);
    out.write(header.data(), static_cast<std::streamsize>(length));
    for (const TensorBytes& tensor : tensors)
      out.write(reinterpret_cast<const char*>(tensor.bytes.data()),
                static_cast<std::streamsize>(tensor.bytes.size()));
    out.close();
    if (!out) {
      throw Error(fmt::format("{}: cannot be written ({}); check the folder and its free space",
                              path.string(), std::strerror(errno)));
    }
  });
}

}  // namespace promptbed
