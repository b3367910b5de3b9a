#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace promptbed {

/// When the pages of mapped bytes are brought into memory.
enum class Paging { on_demand, at_once };

/// Bytes of a file, mapped into memory. The file may be replaced or removed meanwhile; it must not be written
/// to or cut short.
class MappedBytes {
 public:
  /// All of a file. What is written to these bytes stays in this process. Throws Error where it cannot be
  /// read.
  explicit MappedBytes(const std::filesystem::path& path);

  /// A part of an open file, which may be closed afterwards, to be read only. Throws std::system_error.
  MappedBytes(int descriptor, uint64_t offset, size_t size, Paging paging);

  ~MappedBytes();
  MappedBytes(const MappedBytes&) = delete;
  MappedBytes& operator=(const MappedBytes&) = delete;

  std::span<std::byte> bytes() const { return bytes_; }

 private:
  void map(int descriptor, uint64_t offset, size_t size, int protection, int flags);

  std::span<std::byte> bytes_;
  size_t before_ = 0;  // bytes of the first page that stand before ours
};

/// Lets go of the pages of mapped bytes that have served: they no longer count as this process's memory, and
/// come back from the file, as they are there, where they are read again. Does nothing to other memory.
void let_go(std::span<const std::byte> bytes);

}  // namespace promptbed
