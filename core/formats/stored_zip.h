#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace promptbed {

/// The files in a ZIP archive that are stored as they are. Compressed ones may be there, and cannot be read:
/// so all together take no more memory than the archive has bytes. To be used by one thread at a time.
class StoredZip {
 public:
  /// Throws Error if the archive cannot be read or is none, and if its files claim more bytes than it has.
  explicit StoredZip(const std::filesystem::path& path);
  ~StoredZip();
  StoredZip(StoredZip&&) noexcept;

  /// Of all files, in the archive's order: "archive/data.pkl".
  const std::vector<std::string>& names() const { return names_; }

  bool has(const std::string& name) const { return places_.contains(name); }

  /// The contents of a file; of the first one if there are several of that name. Throws Error if there is
  /// none, or if it is compressed, encrypted or does not match its checksum.
  std::string read(const std::string& name) const;

 private:
  struct Archive;

  std::filesystem::path path_;
  std::unique_ptr<Archive> archive_;
  std::vector<std::string> names_;
  std::map<std::string, uint64_t> places_;  ///< in the archive, by name
};

/// Writes an archive of these files, in this order, atomically. The same files give the same bytes. Throws
/// Error if it cannot be written, and what `read` throws, which returns the contents of a file.
void write_stored_zip(const std::filesystem::path& path, const std::vector<std::string>& names,
                      const std::function<std::string(const std::string&)>& read);

}  // namespace promptbed
