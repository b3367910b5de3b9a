#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace promptbed {

/// The records in a zip archive of torch.save, all in one folder ("archive/data.pkl"). They are stored, never
/// compressed, so that none takes more memory than the file has bytes.
class StoredZip {
 public:
  /// Throws Error if the file cannot be read or is no such archive.
  explicit StoredZip(const std::filesystem::path& path);
  ~StoredZip();
  StoredZip(const StoredZip&) = delete;
  StoredZip& operator=(const StoredZip&) = delete;

  /// A record by its name in the folder: "data.pkl". Throws Error if there is none, it is compressed or
  /// encrypted, or does not match its checksum.
  std::vector<char> read(const std::string& name);

 private:
  struct Archive;

  std::filesystem::path path_;
  uint64_t unread_bytes_;  ///< that the file has at most
  std::unique_ptr<Archive> archive_;
  std::string folder_;  ///< with its slash
};

}  // namespace promptbed
