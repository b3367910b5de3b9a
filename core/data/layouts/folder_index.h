#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace promptbed {

/// What is in a folder, each list sorted by name as Python sorts. Hidden entries (".name") are left out; a
/// link counts as what it points to, and as a file if it dangles.
struct FolderNames {
  std::vector<std::string> folders;
  std::vector<std::string> files;
};

/// Lists folders, and keeps large listings from one process to the next: listing ImageNet's 1.3 million files
/// takes minutes on a slow disk, checking the times of its 2000 folders none.
///
///     FolderIndex index("runs/cache/folders/imagenet-1234.idx");
///     index.list("data/imagenet/images/train/n01440764").files;
///     index.save();
///
/// A folder is listed again if its modification time has changed. One modified within the two seconds before
/// it was listed is not kept: another change within the same clock tick would go unnoticed.
class FolderIndex {
 public:
  /// Keeps nothing.
  FolderIndex() = default;

  /// Keeps the listings in `file`, which need not exist yet, if they have at least `worth_remembering` names
  /// in all. A damaged file is ignored.
  explicit FolderIndex(std::filesystem::path file, size_t worth_remembering = 10'000);

  /// Throws Error if the folder cannot be listed or holds a cyclic link.
  FolderNames list(const std::filesystem::path& folder);

  /// Writes what was listed, if it is large enough and not in the file already. Throws Error if the file
  /// cannot be written.
  void save();

 private:
  /// A folder's modification time in clock ticks, and its names as the file encodes them.
  struct Entry {
    int64_t time = 0;
    std::string names;
  };

  void read();

  std::filesystem::path file_;
  size_t worth_remembering_ = 0;
  std::map<std::string, Entry> known_;   ///< by folder
  std::map<std::string, Entry> listed_;  ///< used in this process
  bool changed_ = false;
};

}  // namespace promptbed
