#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "base/descriptor.h"

namespace promptbed {

/// What may be opened as input.
enum class InputKind {
  file,    ///< a regular file: whatever lies in a folder of somebody's
  stream,  ///< also a pipe, terminal or device: what a user names, such as /dev/stdin
};

/// An open file, for reading. Opening never waits, so that a pipe among somebody's files is an error instead
/// of a process that hangs.
class InputFile {
 public:
  /// Throws Error if the path leads to no file, to a folder, to a pipe or device where a file is expected, or
  /// cannot be read.
  explicit InputFile(const std::filesystem::path& path, InputKind kind = InputKind::file);

  int descriptor() const { return opened_.number(); }

  /// In bytes; 0 for a pipe or device.
  uint64_t size() const { return size_; }

  /// Fills the buffer with the next bytes and returns how many there were: 0 at the end. Throws Error if
  /// reading fails, Interrupted if the user gives up on a pipe.
  size_t read(std::span<char> buffer) const;

  /// All that is left to be read. Throws Error if that is more than `most` bytes, and as `read` does.
  std::string rest(uint64_t most) const;

 private:
  std::filesystem::path path_;
  Descriptor opened_;
  uint64_t size_ = 0;
};

/// A text that a user names on the command line: a file, a pipe or a terminal, without byte order mark.
/// Throws Error if it cannot be read or is longer than 64 MiB, Interrupted if the user gives up waiting for
/// it.
std::string read_given_text(const std::filesystem::path& path);

}  // namespace promptbed
