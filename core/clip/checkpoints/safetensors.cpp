#include "clip/checkpoints/safetensors.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "base/mapped_bytes.h"

/// The format: eight bytes with the header's length (little-endian), the header as JSON, the tensors' bytes.
namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kAlignment = 8;                // of the data, by padding the header with spaces
constexpr uint64_t kLongestHeader = 100'000'000;  // the limit of the format's own library
constexpr const char* kMetadata = "__metadata__";
constexpr const char* kCopyAgain = "copy or download it again";

constexpr std::array<std::pair<std::string_view, at::ScalarType>, 10> kTypes = {{
    {"F64", at::kDouble},
    {"F32", at::kFloat},
    {"F16", at::kHalf},
    {"BF16", at::kBFloat16},
    {"I64", at::kLong},
    {"I32", at::kInt},
    {"I16", at::kShort},
    {"I8", at::kChar},
    {"U8", at::kByte},
    {"BOOL", at::kBool},
}};

/// One tensor as the header describes it.
struct Entry {
  std::string name;
  at::ScalarType type = at::kFloat;
  std::vector<int64_t> shape;
  uint64_t begin = 0;  // bytes from the end of the header
  uint64_t end = 0;
};

[[noreturn]] void reject(const fs::path& path, std::string_view fault) {
  throw Error(fmt::format("{}: is damaged ({}); {}", path.string(), fault, kCopyAgain));
}

at::ScalarType type_named(const fs::path& path, const std::string& tensor, const std::string& name) {
  const auto* found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& t) { return t.first == name; });
  if (found == kTypes.end()) {
    throw Error(
        fmt::format("{}: tensor '{}' has the type '{}', which LibTorch lacks; convert it to F32, F16 or BF16",
                    path.string(), tensor, name));
  }
  return found->second;
}

std::string_view name_of(at::ScalarType type) {
  const auto* found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& t) { return t.second == type; });
  TORCH_INTERNAL_ASSERT(found != kTypes.end());
  return found->first;
}

/// Bytes of a tensor of that shape; a size that does not fit 63 bits is a fault of the file.
uint64_t byte_count(const fs::path& path, const Entry& entry) {
  int64_t bytes = static_cast<int64_t>(c10::elementSize(entry.type));
  for (const int64_t extent : entry.shape) {
    if (extent < 0 || __builtin_mul_overflow(bytes, extent, &bytes))
      reject(path, fmt::format("impossible shape of tensor '{}'", entry.name));
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
    Entry entry;
    entry.name = name;
    entry.type = type_named(path, name, description.at("dtype").get<std::string>());
    const auto shape = counts_in(description.at("shape"));
    const auto offsets = counts_in(description.at("data_offsets"));
    if (!shape || !offsets || offsets->size() != 2)
      reject(path, fmt::format("shape and data_offsets of tensor '{}' must be whole numbers", name));
    entry.shape = *shape;
    entry.begin = static_cast<uint64_t>(offsets->front());
    entry.end = static_cast<uint64_t>(offsets->back());
    return entry;
  } catch (const nlohmann::json::exception&) {
    reject(path, fmt::format("no dtype, shape and data_offsets for tensor '{}'", name));
  }
}

/// The tensors have to fill the data without gaps and overlaps, each with the bytes that its shape asks for.
void check_layout(const fs::path& path, std::vector<Entry>& entries, uint64_t data_bytes) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  uint64_t filled = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != filled || entry.end < entry.begin)
      reject(path, fmt::format("tensor '{}' overlaps another or leaves a gap", entry.name));
    if (entry.end - entry.begin != byte_count(path, entry))
      reject(path, fmt::format("tensor '{}' has {} bytes where its shape asks for {}", entry.name,
                               entry.end - entry.begin, byte_count(path, entry)));
    filled = entry.end;
  }
  if (filled != data_bytes)
    reject(path, fmt::format("{} bytes of tensors where the header announces {}", data_bytes, filled));
}

std::shared_ptr<const MappedBytes> map_file(const fs::path& path) {
  auto mapping = std::make_shared<const MappedBytes>(path);
  if (mapping->bytes().size() < kLengthBytes) reject(path, "shorter than a header");
  return mapping;
}

/// The header's JSON, and where the data begin.
std::pair<nlohmann::json, uint64_t> read_header(const fs::path& path, std::span<const char> file) {
  uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  if (length > kLongestHeader || length > file.size() - kLengthBytes)
    reject(path, fmt::format("a header of {} bytes in a file of {}", length, file.size()));
  const std::string_view text(file.data() + kLengthBytes, length);
  nlohmann::json header = parse_json(text, path.string() + ": the header", RepeatedKeys::refused);
  if (!header.is_object()) reject(path, "the header is no JSON object");
  return {std::move(header), kLengthBytes + length};
}

Tensor view_of(const Entry& entry, char* data, const std::shared_ptr<const MappedBytes>& mapping) {
  char* const first = data + entry.begin;
  Tensor view = at::from_blob(
      first, entry.shape, [mapping](void*) {}, at::TensorOptions(entry.type));
  const bool aligned = reinterpret_cast<std::uintptr_t>(first) % c10::elementSize(entry.type) == 0;
  return aligned ? view : at::empty(entry.shape, entry.type).copy_(view);
}

}  // namespace

Safetensors read_safetensors(const fs::path& path) {
  const std::shared_ptr<const MappedBytes> mapping = map_file(path);
  const std::span<char> file(reinterpret_cast<char*>(mapping->bytes().data()), mapping->bytes().size());
  const auto [header, data_begin] = read_header(path, file);

  Safetensors contents;
  std::vector<Entry> entries;
  for (const auto& [name, description] : header.items()) {
    if (name != kMetadata) {
      entries.push_back(read_entry(path, name, description));
      continue;
    }
    for (const auto& [key, text] : description.items()) {
      if (!text.is_string()) reject(path, "metadata that are no texts");
      contents.metadata[key] = text.get<std::string>();
    }
  }
  check_layout(path, entries, file.size() - data_begin);
  for (const Entry& entry : entries)
    contents.tensors[entry.name] = view_of(entry, file.data() + data_begin, mapping);
  return contents;
}

void write_safetensors(const fs::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  std::vector<Tensor> stored;
  uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    stored.push_back(tensor.detach().cpu().contiguous());
    header[name] = {{"dtype", name_of(tensor.scalar_type())},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {offset, offset + tensor.nbytes()}}};
    offset += tensor.nbytes();
  }
  std::string text = header.dump();
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');

  write_atomically(path, [&](const fs::path& temporary) {
    std::ofstream out(temporary, std::ios::binary);
    const uint64_t length = text.size();
    out.write(reinterpret_cast<const char*>(&length), kLengthBytes);
    out.write(text.data(), static_cast<std::streamsize>(length));
    for (const Tensor& tensor : stored)
      out.write(static_cast<const char*>(tensor.data_ptr()), static_cast<std::streamsize>(tensor.nbytes()));
    out.close();
    if (!out) {
      throw Error(fmt::format("{}: cannot be written ({}); check the folder and its free space",
                              path.string(), std::strerror(errno)));
    }
  });
}

}  // namespace promptbed
