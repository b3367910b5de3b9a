#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "data/pictures/image_files.h"

namespace promptbed {

/// 64 bits that tell the contents of one image file from those of another; never 0.
uint64_t hash_of_contents(std::string_view bytes);

/// What is in the image files of a folder, as hashes, kept from one process to the next: a file is read again
/// only if it may have changed.
///
///     ContentIndex index(ImageFiles("data/pets/images"), "runs/cache/contents/pets-1234.idx");
///     index.find("cat/1.jpg");   // its hash
///     index.save();
///
/// A file is as it was if its inode, its size, and its times of modification and of status change are. A
/// program can set the first of these times, but not the second. What changed within the two seconds before
/// it was read is not kept: another change within the same clock tick would go unnoticed. Of an archive
/// nothing is kept: it is read quickly.
class ContentIndex {
 public:
  /// Looks into `files`. Keeps the hashes in `file`, which need not exist yet ("": nowhere), if there are at
  /// least `worth_remembering`. A damaged file is ignored.
  explicit ContentIndex(ImageFiles files, std::filesystem::path file = {}, size_t worth_remembering = 1000);

  const ImageFiles& files() const { return files_; }

  /// The hash of an image file (hash_of_contents) as it was when this was first asked for; nothing if there
  /// is no regular file that can be read.
  std::optional<uint64_t> find(const std::string& image);

  /// Writes what was found, if it is large enough and not in the file already. Throws Error if the file
  /// cannot be written.
  void save();

 private:
  /// What tells one state of a file from another.
  struct Stamp {
    int64_t inode = 0, bytes = 0, modified = 0, changed = 0;  // times in nanoseconds since 1970

    bool operator==(const Stamp&) const = default;
  };
  struct Entry {
    Stamp stamp;
    uint64_t hash = 0;
  };

  void read();

  /// Nothing if there is no such file; what an archive holds has the stamp of nothing.
  std::optional<Stamp> stamp_of(const std::string& image) const;
  Entry look(const std::string& image, const Stamp& stamp);

  ImageFiles files_;
  std::filesystem::path file_;
  size_t worth_remembering_;
  std::map<std::string, Entry, std::less<>> known_;  ///< in the file
  std::map<std::string, Entry, std::less<>> seen_;   ///< in this process
  bool changed_ = false;
};

}  // namespace promptbed
