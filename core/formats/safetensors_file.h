#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_bytes.h"

namespace promptbed {

/// A tensor as bytes, with what they mean.
struct TensorBytes {
  std::string name;
  std::string_view type;       ///< as safetensors calls it: "F32"
  std::vector<int64_t> shape;  ///< row-major
  std::span<const std::byte> bytes;
};

/// Where a file has its texts: no tensor has this name.
inline constexpr const char* kSafetensorsMetadata = "__metadata__";

/// Texts beside the tensors of a file, by key.
using TensorTexts = std::map<std::string, std::string>;

/// A safetensors file, mapped into memory: pages that nobody touches are never read, and writes to them stay
/// private to this process.
class SafetensorsFile {
 public:
  /// Checks the header against the file. Throws Error if the file cannot be read, is truncated or damaged,
  /// names a tensor twice or has a type other than F64, F32, F16, BF16, I64, I32, I16, I8, U8 and BOOL.
  explicit SafetensorsFile(const std::filesystem::path& path);

  /// In the order of their bytes. These, unlike the names, live as long as mapping().
  const std::vector<TensorBytes>& tensors() const { return tensors_; }

  const TensorTexts& texts() const { return texts_; }

  const std::shared_ptr<const MappedBytes>& mapping() const { return mapping_; }

 private:
  std::shared_ptr<const MappedBytes> mapping_;
  std::vector<TensorBytes> tensors_;
  TensorTexts texts_;
};

/// Writes a file with the tensors in this order, atomically. Throws Error if it cannot be written.
void write_safetensors_file(const std::filesystem::path& path, std::span<const TensorBytes> tensors,
                            const TensorTexts& texts = {});

}  // namespace promptbed
