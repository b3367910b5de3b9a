#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace promptbed {

/// When the pages of mapped bytes are read into memory.
enum class Paging { on_demand, at_once };

/// Bytes of a file, mapped into memory. Meanwhile the file may be replaced or removed, but not written to or
/// truncated.
class MappedBytes {
 public:
  /// A whole file. Writes to these bytes stay private to this process. Throws Error if it cannot be read.
  explicit MappedBytes(const std::filesystem::path& path);

  /// A read-only part of an open file, which may be closed afterwards. Throws std::system_error.
  MappedBytes(int descriptor, uint64_t offset, size_t size, Paging paging);

  ~MappedBytes();
  MappedBytes(const MappedBytes&) = delete;
  MappedBytes& operator=(const MappedBytes&) = delete;

  std::span<std::byte> bytes() const { return bytes_; }

 private:
  void map(int descriptor, uint64_t offset, size_t size, int protection, int flags);

  std::span<std::byte> bytes_;
  size_t before_ = 0;  // bytes of the first page before ours
};

/// Drops the pages of mapped bytes that are no longer needed: they stop counting as this process's memory,
/// and are read from the file again if they are touched. Does nothing to other memory.
void let_go(std::span<const std::byte> bytes);

}  // namespace promptbed
